"""Old entries of the audit log."""

from __future__ import annotations

from datetime import datetime

from accounts.models import AuditEntry
from mjproxy.lib.db.removal import Lot, rows


def lot(oldest: datetime) -> Lot:
    """Return the entries that are older than this moment."""
    old = AuditEntry.objects.filter(at__lt=oldest).order_by("at")
    return rows("entries of the audit log", old)
