"""What other apps may listen to."""

from django.dispatch import Signal

# Sent after commit, with account_id: an account was added, edited or removed.
account_changed = Signal()
