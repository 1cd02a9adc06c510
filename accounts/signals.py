"""Signals of this app."""

from django.dispatch import Signal

# Sent after commit, with account_id: an account was added, edited or removed.
account_changed = Signal()

# Sent after commit, with user_id: a key was revoked, or a user disabled or removed.
access_changed = Signal()

# Sent with user_id, before a user and their rows are removed.
user_leaves = Signal()

# Sent after commit, with account_id: a page must be made for a person, or the
# operator's server must be called.
verification_due = Signal()
