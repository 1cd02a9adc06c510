"""Backups: one file with all that must be kept, and putting it back."""
