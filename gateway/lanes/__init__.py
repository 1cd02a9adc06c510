"""Lanes: one for each Discord user, its pace, and the order of tasks."""
