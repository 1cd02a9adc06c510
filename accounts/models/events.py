"""AccountEvent: the history of an account's states."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.enums import AccountState
from accounts.models.discord import DiscordAccount


class AccountEvent(models.Model):
    """A move from one state to another, written in the transaction of the move."""

    account = models.ForeignKey(DiscordAccount, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    from_state = models.CharField("from", max_length=16, choices=AccountState)
    to_state = models.CharField("to", max_length=16, choices=AccountState)
    reason = models.CharField(max_length=400, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    by = models.CharField(
        max_length=150, blank=True, help_text="Who moved it; empty: the system."
    )

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["account", "-at"], name="event_of_account"),
            models.Index(fields=["at"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
