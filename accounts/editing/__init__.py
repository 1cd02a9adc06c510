"""Edits of accounts: fields, channels, many at once, the check at Discord."""
