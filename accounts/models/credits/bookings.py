"""Booking: one change of a user's credits."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from accounts.enums import BookingKind
from accounts.models.credits.payments import Payment
from accounts.models.users import User

MOST_CREDITS: Final = 1_000_000_000  # of one booking


class Booking(models.Model):
    """One change of a user's credits. It is never changed; the sum is the balance."""

    user = models.ForeignKey(User, models.CASCADE, related_name="bookings")
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=BookingKind)
    # An id and no relation: tasks are removed, bookings stay.
    task = models.BigIntegerField(null=True)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, related_name="bookings"
    )
    note = models.CharField(max_length=400, blank=True)
    by = models.CharField(max_length=150, blank=True, help_text="The operator.")
    at = models.DateTimeField(default=timezone.now)
    # Of the form that was filled in; sent again, it books nothing.
    form = models.UUIDField(null=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="booking_own"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "kind"], name="booking_once"),
            models.UniqueConstraint(fields=["form", "user"], name="booking_form_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+}"
