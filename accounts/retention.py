"""Remove old rows of accounts and users."""

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
    """Remove history and mails, expired sessions and the admin's log of edits."""
    with time_limits.lifted():
        remove_old_events()
        remove_expired()


def remove_old_events() -> int:
    """Remove accounts' history and mails after 90 days; return the events' number."""
    oldest = timezone.now() - KEEP_EVENTS
    removed, _ = AccountEvent.objects.filter(at__lt=oldest).delete()
    OperatorMail.objects.filter(at__lt=oldest).delete()
    return removed


def remove_expired() -> None:
    """Remove expired sessions, and the admin's log of edits after a year."""
    call_command("clearsessions")
    LogEntry.objects.filter(action_time__lt=timezone.now() - KEEP_EDITS).delete()
