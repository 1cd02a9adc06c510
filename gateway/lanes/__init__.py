"""Lanes: one sender for a Discord user, its pace, and the order of tasks."""
