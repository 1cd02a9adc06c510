"""Lanes: one sender for a Discord user, its pace, whose turn it is."""
