"""Databases: DATABASE_URL, and Django's backends with time limits."""
