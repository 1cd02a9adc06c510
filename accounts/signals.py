"""What other apps may listen to."""

from django.dispatch import Signal

# Sent after commit, with account_id: an account was added, edited or removed.
account_changed = Signal()

# Sent after commit, with user_id: a key was revoked, or a user shut out or removed.
access_changed = Signal()

# Sent with user_id, before a user and all that is theirs is removed.
user_leaves = Signal()

# Sent after commit, with account_id: a page is to be made for a person, or the
# operator's server is to be told.
verification_due = Signal()
