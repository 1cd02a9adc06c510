"""BotSnapshot: the last reports of a bot about an account."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from accounts.enums import BotType
from accounts.models.discord import DiscordAccount


class BotSnapshot(models.Model):
    """The plan and settings of an account, as one of the bots last reported."""

    account = models.ForeignKey(
        DiscordAccount, models.CASCADE, related_name="snapshots"
    )
    bot = models.CharField(max_length=16, choices=BotType)

    # From /info: the raw lines, then the parsed values.
    properties = models.JSONField(default=dict)
    plan = models.CharField(max_length=40, blank=True)
    plan_until = models.DateTimeField(null=True)
    fast_hours = models.FloatField(null=True)
    job_mode = models.CharField(max_length=20, blank=True)
    info_at = models.DateTimeField(null=True)

    # From /settings: the panel as Discord sent it, then the parsed values.
    components = models.JSONField(default=list)
    suffix = models.CharField(max_length=1000, blank=True)
    version = models.CharField(max_length=40, blank=True)
    switches = models.JSONField(default=dict)  # button label to on or off
    remix_on = models.BooleanField(null=True)
    # The panel works in one session, for 15 minutes.
    message_id = models.CharField(max_length=20, blank=True)
    session_id = models.CharField(max_length=64, blank=True)
    shown_at = models.DateTimeField(null=True)
    settings_at = models.DateTimeField(null=True)

    asked_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "bot"], name="snapshot_of_bot")
        ]

    def __str__(self) -> str:
        return f"{self.bot} of account {self.account_id}"

    @property
    def updated_at(self) -> datetime | None:
        return max(filter(None, (self.info_at, self.settings_at)), default=None)
