"""Mails to the operator and to people: the settings, and the mails that wait."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_email
from django.db import models
from solo.models import SingletonModel

from accounts.enums import AccountState, MailSecurity, MailState
from accounts.models.credits.payments import Payment
from accounts.models.discord import DiscordAccount
from accounts.models.users import User
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.number_limits import between
from mjproxy.lib.validators.text_lists import parted

MAIL_SECRETS: Final = ("password",)
DISPUTE: Final = "dispute"  # the trouble of a payment
MOST_RECIPIENTS: Final = 20
host_name = RegexValidator(
    r"^[A-Za-z0-9._:\-]+\Z", "The name of a host, or an address."
)


def one_line(value: str) -> None:
    """Raise ValidationError for line breaks and other control characters."""
    if not value.isprintable():
        raise ValidationError("One line of text.")


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
    """The mail server, and the recipients of mails about accounts in trouble."""

    is_on = models.BooleanField(
        "send mails",
        default=False,
        help_text="Off: no mail is sent, and people cannot sign up.",
    )
    host = models.CharField(
        "mail server",
        max_length=255,
        blank=True,
        validators=[host_name],
        help_text="Its name or address, such as smtp.example.com.",
    )
    port = models.PositiveIntegerField(
        default=587,
        validators=between(1, 65535),
        help_text="Usually 587 with STARTTLS and 465 with TLS.",
    )
    security = models.CharField(
        max_length=8,
        choices=MailSecurity,
        default=MailSecurity.STARTTLS,
        help_text="How the connection is encrypted.",
    )
    user = models.CharField(
        max_length=255, blank=True, help_text="Empty: without signing in."
    )
    password = EncryptedTextField(blank=True)
    sender = models.EmailField(
        "from", blank=True, help_text="The address that mails come from."
    )
    sender_name = models.CharField(
        "name of the sender",
        max_length=100,
        blank=True,
        validators=[one_line],
        help_text="Shown before the address. Empty: the address alone.",
    )
    recipients = models.TextField(
        "to",
        blank=True,
        max_length=4000,
        validators=[known_addresses],
        help_text="Operators who are told about accounts in trouble, one address on "
        "each line. Empty: only people get mails, such as links for a new password.",
    )

    objects = MailSettingsManager()

    class Meta:
        verbose_name = "mail settings"

    def __str__(self) -> str:
        return "Mail settings"

    def clean(self) -> None:
        """Raise ValidationError if mails are on and a needed field is empty."""
        needed = ("host", "sender") if self.is_on else ()
        missing: dict[str, str] = {
            name: "Needed to send mails."
            for name in needed
            if not str(getattr(self, name)).strip()
        }
        if missing:
            raise ValidationError(missing)


class OperatorMail(models.Model):
    """A mail about an account's trouble, or a payment's, written with the change."""

    account = models.ForeignKey(
        DiscordAccount, models.CASCADE, null=True, related_name="mails"
    )
    payment = models.ForeignKey(Payment, models.CASCADE, null=True)
    trouble = models.CharField(
        max_length=16, choices=[*AccountState.choices, (DISPUTE, "Payment disputed")]
    )
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
        if self.payment_id:
            return f"{self.trouble} of payment {self.payment_id}"
        return f"{self.trouble} of account {self.account_id}"


class PersonMail(models.Model):
    """A mail to a person, written with what it is about.

    The text holds links and keys, so it is encrypted, and removed once it is sent.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="mails")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    body = EncryptedTextField(blank=True, editable=False)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    # Name of the claim that sends it; it expires at `next_attempt_at`.
    claim = models.CharField(max_length=32, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "mail to a person"
        verbose_name_plural = "mails to people"
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="person_mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
