"""Removal of tasks and files: by age, or by an operator."""
