"""Statement: the bookings of a user, for a page and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Booking
from mjproxy.lib.csv_lines import csv_lines

ROWS: Final = 500  # of one query
MAX_ID: Final = 2**63 - 1


def bookings_of(user_id: int, *, before: int = MAX_ID) -> QuerySet[Booking]:
    """Return the bookings of a user, newest first."""
    rows = Booking.objects.filter(user=user_id, pk__lt=min(before, MAX_ID))
    return rows.order_by("-pk")


def as_csv(user_id: int) -> Iterator[bytes]:
    """Yield all bookings of a user, oldest first, with the balance after each."""
    yield csv_lines([["time", "kind", "credits", "balance", "task", "note"]])
    balance, last = 0, 0
    while rows := _next(user_id, last):
        lines = []
        for row in rows:
            balance += row.amount
            at = timezone.localtime(row.at).isoformat(timespec="seconds")
            lines.append([at, row.kind, row.amount, balance, row.task or "", row.note])
        yield csv_lines(lines)
        last = rows[-1].pk


def _next(user_id: int, after: int) -> list[Booking]:
    rows = Booking.objects.filter(user=user_id, pk__gt=after)
    return list(rows.order_by("pk")[:ROWS])
