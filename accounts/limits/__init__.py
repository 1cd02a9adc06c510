"""Limits of drawings: what a user or a key may draw, and what they have drawn."""
