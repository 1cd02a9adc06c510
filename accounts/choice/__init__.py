"""The choice of an account for a task: rules, order and usage."""
