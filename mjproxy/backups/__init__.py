"""Backups: write everything that must be kept into one file, and restore it."""
