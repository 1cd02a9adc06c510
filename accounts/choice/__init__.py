"""Which account may draw a task, and which comes first."""
