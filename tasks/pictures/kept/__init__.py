"""Kept pictures: the places where they lie, and the work on each of their files."""
