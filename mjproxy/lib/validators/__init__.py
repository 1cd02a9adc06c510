"""Rules for values that people enter."""
