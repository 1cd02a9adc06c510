"""Remove what accounts and people leave behind once it is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AccountEvent, OperatorMail
from mjproxy.lib.db import time_limits

KEEP_EVENTS: Final = timedelta(days=90)
KEEP_EDITS: Final = timedelta(days=365)


def remove_old() -> None:
    """Remove old history and mails, sessions that ran out, old edits in the admin."""
    with time_limits.lifted():
        remove_old_events()
        remove_expired()


def remove_old_events() -> int:
    """Remove history of accounts and mails about it; return the number of events."""
    oldest = timezone.now() - KEEP_EVENTS
    removed, _ = AccountEvent.objects.filter(at__lt=oldest).delete()
    OperatorMail.objects.filter(at__lt=oldest).delete()
    return removed


def remove_expired() -> None:
    """Remove sessions that ran out and the admin's log of edits after a year."""
    call_command("clearsessions")
    LogEntry.objects.filter(action_time__lt=timezone.now() - KEEP_EDITS).delete()
