"""Banned words: groups of terms, their files, and the search in a prompt."""
