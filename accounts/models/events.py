"""Events: moves of accounts between states, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

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


class AuditEntry(models.Model):
    """An act of an operator or a command on one object.

    It has no relations: it outlives the operator and the object.
    """

    at = models.DateTimeField("when", default=timezone.now, db_index=True)
    user_id = models.BigIntegerField("user id", null=True)
    actor = models.CharField(
        "who",
        max_length=200,
        blank=True,
        db_index=True,
        help_text="Name of the operator or the command; empty: nobody was signed in.",
    )
    origin = models.CharField(
        "from", max_length=45, help_text="An address, or “command”."
    )
    action = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=80)
    object_id = models.CharField("object", max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    # By field: a list of the old and the new text, or “changed” for a secret.
    changes = models.JSONField(default=dict)

    class Meta:
        verbose_name = "entry of the audit log"
        verbose_name_plural = "audit log"
        indexes: ClassVar = [
            models.Index(fields=["kind", "object_id"], name="audit_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.name}"

    def lines(self) -> list[tuple[str, str, str]]:
        """Return field, old and new text of each change."""
        told: Mapping[str, Any] = self.changes
        return [
            (field, pair[0], pair[1]) if isinstance(pair, list) else (field, "", pair)
            for field, pair in told.items()
        ]
