"""GuestDay: how much guests at an address have drawn on a day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class GuestDay(models.Model):
    """The number of drawings of guests at one address on one local day."""

    address = models.CharField(
        max_length=50, help_text="An address, or a /64 of IPv6; empty: unknown."
    )
    day = models.DateField()
    drawings = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["address", "day"], name="guest_day")
        ]

    def __str__(self) -> str:
        return f"guests at {self.address}"
