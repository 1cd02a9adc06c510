"""Verifications of accounts, and the settings of the operator's server."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from accounts.models.discord import DiscordAccount
from mjproxy.lib.db.encrypted_field import EncryptedTextField, readable, unreadable
from mjproxy.lib.validators.addresses import base_address


class Verification(models.Model):
    """The newest verification that Midjourney has asked an account for."""

    account = models.OneToOneField(
        DiscordAccount, models.CASCADE, primary_key=True, related_name="verification"
    )
    # The token opens the page, so it is stored as a secret. Empty if the verification
    # came without one or was passed.
    token = EncryptedTextField(blank=True)
    ack_url = EncryptedTextField(blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    passed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)

    # The page for a person, and when a new one was requested.
    page_url = EncryptedTextField(blank=True)
    page_at = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    # The operator's server: `handed_at` is the first call, `hand_at` the next one due.
    handed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["wanted_at"], name="verification_wanted"),
            models.Index(fields=["hand_at"], name="verification_hand"),
        ]

    def __str__(self) -> str:
        return f"verification of account {self.account_id}"


class VerificationSettings(SingletonModel):
    """The operator's own verification server. Without it, persons verify."""

    server_url = models.CharField(
        "server",
        max_length=300,
        blank=True,
        validators=[base_address],
        help_text="Called for each verification: POST /cf/verify. Empty: a person "
        "passes each one.",
    )
    notify_base = models.CharField(
        "address of this server",
        max_length=300,
        blank=True,
        validators=[base_address],
        help_text="How that server reaches this one. Empty: MJPROXY_PUBLIC_URL.",
    )
    secret = EncryptedTextField(blank=True)

    class Meta:
        verbose_name = "verification settings"

    def __str__(self) -> str:
        return "Verification settings"

    def clean(self) -> None:
        """Raise ValidationError if a server lacks what it needs to report back."""
        if not self.server_url:
            return
        if not (readable(self, "secret") or unreadable(self)):
            raise ValidationError({"server_url": "A server needs a secret."})
        if not (self.notify_base or settings.PUBLIC_URL):
            text = "The server must know where to report."
            raise ValidationError({"notify_base": text})
