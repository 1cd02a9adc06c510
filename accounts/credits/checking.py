"""Compare balances with the sums of their bookings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import BigIntegerField, F, OuterRef, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from accounts.models import Booking, Meter

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """A user whose balance is not the sum of their bookings."""

    user_id: int
    balance: int
    booked: int


def differences() -> Iterator[Difference]:
    """Yield the users whose balance is wrong.

    Balance and sum are read by one statement, so no change comes between them.
    """
    own = Booking.objects.filter(user=OuterRef("user")).order_by().values("user")
    total = Cast(Subquery(own.annotate(n=Sum("amount")).values("n")), BigIntegerField())
    wrong = Meter.objects.annotate(booked=Coalesce(total, 0)).exclude(
        balance=F("booked")
    )
    for row in wrong.order_by("pk").values_list("user", "balance", "booked"):
        yield Difference(*row)
    alone = Booking.objects.filter(user__meter=None).order_by().values("user")
    for user, booked in alone.annotate(n=Sum("amount")).values_list("user", "n"):
        if booked:
            yield Difference(user, 0, booked)


def report() -> None:
    """Log every user whose balance is wrong, for a person to look."""
    for each in differences():
        logger.error(
            "user %s: the balance is %d, the bookings sum up to %d",
            each.user_id,
            each.balance,
            each.booked,
        )
