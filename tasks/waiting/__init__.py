"""The reason why a task waits, and the estimated time until its picture."""
