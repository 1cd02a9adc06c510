"""Write entries of the audit log as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from django.db.models import QuerySet

from accounts.models import AuditEntry
from mjproxy.lib.csv_lines import csv_lines

ROWS: Final = 500  # of one query
COLUMNS: Final = (
    *("time", "user", "actor", "from", "action", "kind", "object", "name"),
    *("field", "old", "new"),
)


def as_csv(entries: QuerySet[AuditEntry]) -> Iterator[bytes]:
    """Yield entries, newest first: one line for each changed field."""
    yield csv_lines([COLUMNS])
    rows, last = entries.order_by("-pk"), None
    while True:
        page = list((rows if last is None else rows.filter(pk__lt=last))[:ROWS])
        if lines := [line for entry in page for line in _lines(entry)]:
            yield csv_lines(lines)
        if len(page) < ROWS:
            return
        last = page[-1].pk


def _lines(entry: AuditEntry) -> Iterator[list[Any]]:
    start = [
        entry.at.astimezone(UTC).isoformat(timespec="seconds"),
        "" if entry.user_id is None else entry.user_id,
        entry.actor,
        entry.origin,
        entry.action,
        entry.kind,
        entry.object_id,
        entry.name,
    ]
    for field, old, new in entry.lines() or [("", "", "")]:
        yield [*start, field, old, new]
