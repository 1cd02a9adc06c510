"""Errand: a small action at Discord."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import DiscordAccount
from tasks.enums import ErrandKind, ErrandState
from tasks.models.task import Task


class Errand(models.Model):
    """A small action at Discord, whose caller waits for the result."""

    kind = models.CharField(max_length=10, choices=ErrandKind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    account = models.ForeignKey(DiscordAccount, models.CASCADE)
    task = models.ForeignKey(Task, models.CASCADE, null=True)
    custom_id = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=10, choices=ErrandState, default=ErrandState.WAITING
    )
    result = models.JSONField(null=True)
    error_zh = models.CharField(max_length=400, blank=True)
    error_en = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # Set while it is open, so that equal requests share one errand.
    open_key = models.CharField(max_length=240, null=True, unique=True)  # noqa: DJ001
    # The interaction that was sent, and the bot's answer to it.
    nonce = models.CharField(max_length=25, null=True, unique=True)  # noqa: DJ001
    interaction_id = models.CharField(max_length=20, blank=True)
    message_id = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="errand_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} no. {self.pk}"
