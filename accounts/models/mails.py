"""Mails to the operator: the settings, and the mails that wait."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_email
from django.db import models
from solo.models import SingletonModel

from accounts.enums import AccountState, MailSecurity, MailState
from accounts.models.discord import DiscordAccount
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.text_lists import parted

MAIL_SECRETS: Final = ("password",)
MOST_RECIPIENTS: Final = 20
host_name = RegexValidator(
    r"^[A-Za-z0-9._:\-]+\Z", "The name of a host, or an address."
)


def known_addresses(value: str) -> None:
    """Raise ValidationError for invalid mail addresses or more than 20 of them."""
    found = addresses_in(value)
    for address in found:
        validate_email(address)
    if len(found) > MOST_RECIPIENTS:
        raise ValidationError(f"At most {MOST_RECIPIENTS} addresses.")


def addresses_in(text: str) -> list[str]:
    """Split a text at commas, semicolons and blanks; return each address once."""
    return parted(text, r"\s")


class MailSettingsManager(models.Manager["MailSettings"]):
    """Defers the password until it is read."""

    def get_queryset(self) -> models.QuerySet[MailSettings]:
        return super().get_queryset().defer(*MAIL_SECRETS)


class MailSettings(SingletonModel):
    """The recipients and the server of mails about accounts in trouble."""

    is_on = models.BooleanField("send mails", default=False)
    host = models.CharField(
        "mail server", max_length=255, blank=True, validators=[host_name]
    )
    port = models.PositiveIntegerField(default=587, validators=between(1, 65535))
    security = models.CharField(
        max_length=8, choices=MailSecurity, default=MailSecurity.STARTTLS
    )
    user = models.CharField(
        max_length=255, blank=True, help_text="Empty: without signing in."
    )
    password = EncryptedTextField(blank=True)
    sender = models.EmailField("from", blank=True)
    recipients = models.TextField(
        "to",
        blank=True,
        max_length=4000,
        validators=[known_addresses],
        help_text="One address on each line.",
    )

    objects = MailSettingsManager()

    class Meta:
        verbose_name = "mail settings"

    def __str__(self) -> str:
        return "Mail settings"

    def clean(self) -> None:
        """Raise ValidationError if mails are on and a needed field is empty."""
        needed = ("host", "sender", "recipients") if self.is_on else ()
        missing: dict[str, str] = {
            name: "Needed to send mails."
            for name in needed
            if not str(getattr(self, name)).strip()
        }
        if missing:
            raise ValidationError(missing)


class OperatorMail(models.Model):
    """A mail about an account's trouble, written with the move itself."""

    account = models.ForeignKey(DiscordAccount, models.CASCADE, related_name="mails")
    trouble = models.CharField(max_length=16, choices=AccountState)
    reason = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    # Name of the claim that sends it; it expires at `next_attempt_at`.
    claim = models.CharField(max_length=32, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="mail_due"),
            models.Index(fields=["account", "at"], name="mail_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.trouble} of account {self.account_id}"
