"""Entries of the audit log, as tests read them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import AuditEntry


def rows() -> QuerySet[AuditEntry]:
    """Return all entries but those of the test's own sign-in, oldest first."""
    return AuditEntry.objects.exclude(action="sign-in").order_by("pk")


def told() -> list[tuple[str, str, str, Any]]:
    """Return action, kind, name and changes of these entries."""
    return list(rows().values_list("action", "kind", "name", "changes"))


def only() -> AuditEntry:
    return rows().get()
