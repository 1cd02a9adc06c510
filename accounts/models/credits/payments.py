"""Packages of credits that users buy, their payments, and the payment service."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from accounts.enums import Currency
from accounts.models.users import User
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.number_limits import between

PAYMENT_SECRETS: Final = ("stripe_secret_key", "stripe_webhook_secret")
# Currencies without a smaller unit; the others have hundredths.
_WHOLE: Final = frozenset({Currency.JPY, Currency.KRW})


def smallest(price: Decimal, currency: str) -> int:
    """Return a price in the smallest unit of its currency."""
    return int(price if currency in _WHOLE else price * 100)


def in_words(amount: int, currency: str) -> str:
    """Return an amount of smallest units with its currency."""
    if currency in _WHOLE:
        return f"{amount} {currency}"
    return f"{amount // 100}.{amount % 100:02} {currency}"


class CreditPackage(models.Model):
    """Credits that users buy together, and their price."""

    name = models.CharField(max_length=80)
    credits = models.PositiveIntegerField(validators=between(1, 1_000_000_000))
    price = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        validators=[
            MinValueValidator(Decimal("0.01")),
            MaxValueValidator(Decimal(999_999)),
        ],
    )
    currency = models.CharField(max_length=3, choices=Currency)
    is_on = models.BooleanField("on sale", default=True)
    sort = models.IntegerField(
        "place", default=0, validators=between(-1_000_000, 1_000_000)
    )

    class Meta:
        ordering: ClassVar = ["sort", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError for a part of a unit that is never divided."""
        if self.price and self.currency in _WHOLE and self.price % 1:
            raise ValidationError({"price": f"{self.currency} has whole numbers only."})

    @property
    def amount(self) -> int:
        return smallest(self.price, self.currency)

    @property
    def price_in_words(self) -> str:
        return in_words(self.amount, self.currency)


class Payment(models.Model):
    """A purchase of a package, with what the payment service has said about it."""

    user = models.ForeignKey(User, models.SET_NULL, null=True)
    way = models.CharField(max_length=20)
    reference = models.CharField(
        max_length=32, unique=True, help_text="Its name at the payment service."
    )
    outside_id = models.CharField(
        max_length=255, blank=True, help_text="The service's own id."
    )
    # The service's name of the money itself, by which it tells of disputes.
    charge_id = models.CharField(max_length=255, blank=True, editable=False)
    package = models.CharField(max_length=80)
    credits = models.PositiveIntegerField()
    amount = models.PositiveIntegerField(help_text="In the currency's smallest unit.")
    currency = models.CharField(max_length=3, choices=Currency)
    opened_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="It was not paid in time.")
    refunded = models.PositiveIntegerField(
        default=0, help_text="In the currency's smallest unit."
    )
    disputed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["charge_id"], name="payment_charge"),
            models.Index(fields=["user", "-id"], name="payment_own"),
        ]

    def __str__(self) -> str:
        return f"{self.package}, {self.price_in_words}"

    @property
    def price_in_words(self) -> str:
        return in_words(self.amount, self.currency)


class PaymentSettingsManager(models.Manager["PaymentSettings"]):
    """Defers the secrets until they are read."""

    def get_queryset(self) -> models.QuerySet[PaymentSettings]:
        return super().get_queryset().defer(*PAYMENT_SECRETS)


class PaymentSettings(SingletonModel):
    """The payment services that are on, with their keys."""

    stripe_is_on = models.BooleanField(
        "Stripe Checkout",
        default=False,
        help_text="Users buy packages of credits. Needs both keys, and a webhook in "
        "Stripe's dashboard that leads to /payments/stripe.",
    )
    stripe_secret_key = EncryptedTextField(blank=True)
    stripe_webhook_secret = EncryptedTextField(blank=True)

    objects = PaymentSettingsManager()

    class Meta:
        verbose_name = "payment settings"

    def __str__(self) -> str:
        return "Payment settings"
