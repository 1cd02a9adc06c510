"""The audit log: what operators and commands have changed."""
