"""Databases: DATABASE_URL, and Django's backends with bounded waits."""
