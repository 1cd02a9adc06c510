"""Commands: comparison of meters with tasks."""
