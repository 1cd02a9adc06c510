"""Count the drawings of guests for each address and day, within a limit."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv6Address, ip_network

from django.db.models import F, QuerySet

from accounts.models import GuestDay
from accounts.selectors import access_settings
from mjproxy.lib.validators.networks import address_of


def most() -> int | None:
    """Return how many drawings a day guests at one address have; None: any number."""
    return access_settings().guest_drawings_a_day or None


def count(address: str | None, day: date) -> bool:
    """Count a drawing; False if it is one too many.

    Call it in the transaction that writes the task. The row stays locked until its end,
    so of several submits at the same time each sees the drawings of those before it.
    """
    limit = most()
    rows = _rows(address, day)
    within = rows if limit is None else rows.filter(drawings__lt=limit)
    for _ in range(2):
        if within.update(drawings=F("drawings") + 1):
            return True
        if rows.exists():
            return False
        fresh = GuestDay(address=place(address), day=day)
        GuestDay.objects.bulk_create([fresh], ignore_conflicts=True)
    raise GuestDay.DoesNotExist  # its day was just removed as old


def give_back(address: str | None, day: date) -> None:
    """Take a drawing out of the number of the day on which it was counted."""
    rows = _rows(address, day).filter(drawings__gt=0)
    rows.update(drawings=F("drawings") - 1)


def drawn(address: str | None, day: date) -> int:
    return _rows(address, day).values_list("drawings", flat=True).first() or 0


def _rows(address: str | None, day: date) -> QuerySet[GuestDay]:
    return GuestDay.objects.filter(address=place(address), day=day)


def place(address: str | None) -> str:
    """Return what is counted as one address: of IPv6 the network of a household."""
    if not address:
        return ""
    found = address_of(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found)
