"""Orders of payments, and what is on sale, against a Stripe on loopback."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.credits import payments
from accounts.credits.ways.base import PaymentDown
from accounts.exceptions import InvalidField
from accounts.models import Booking, CreditPackage, Payment, PaymentSettings, User
from tests.stripe_server import KEY, SIGNING, Stripe

pytestmark = pytest.mark.django_db

BACK = "https://draw.example/me/credits"


def begin(user: User, package: CreditPackage) -> Payment:
    opened = payments.begin(user.pk, package.pk, "stripe", BACK)
    return Payment.objects.get(reference=opened.reference)


def booked(user: User) -> list[tuple[str, int]]:
    rows = Booking.objects.filter(user=user).order_by("pk")
    return list(rows.values_list("kind", "amount"))


def test_an_order_says_what_is_paid(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    opened = payments.begin(alice.pk, package.pk, "stripe", BACK)

    (call,), (order,) = stripe_on.server.calls, stripe_on.orders
    assert (call.method, call.path) == ("POST", "/v1/checkout/sessions")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["idempotency-key"] == opened.reference
    assert order["mode"] == "payment"
    assert order["line_items[0][price_data][currency]"] == "cny"
    assert order["line_items[0][price_data][unit_amount]"] == "990"
    assert order["success_url"] == f"{BACK}?payment={opened.reference}"
    payment = Payment.objects.get()
    assert (payment.user, payment.credits, payment.amount) == (alice, 100, 990)
    assert payment.outside_id == "cs_test_1"
    assert opened.address.startswith("https://checkout.stripe.test/c/cs_test_1")
    assert not Booking.objects.exists()


@pytest.mark.parametrize("status", [400, 401, 402, 429, 500])
def test_a_payment_that_is_not_opened_leaves_nothing(
    alice: User,
    package: CreditPackage,
    stripe_on: Stripe,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    stripe_on.status = status

    with pytest.raises(PaymentDown):
        begin(alice, package)

    assert not Payment.objects.exists()
    assert KEY not in caplog.text


def test_a_service_that_is_away_leaves_nothing(
    alice: User, package: CreditPackage, stripe_on: Stripe, settings: Any
) -> None:
    settings.STRIPE_API = "http://127.0.0.1:1"

    with pytest.raises(PaymentDown):
        begin(alice, package)

    assert not Payment.objects.exists()


def test_what_is_not_on_sale_cannot_be_bought(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    CreditPackage.objects.update(is_on=False)
    for number, way in ((package.pk, "stripe"), (0, "stripe"), (package.pk, "cash")):
        with pytest.raises(InvalidField):
            payments.begin(alice.pk, number, way, BACK)

    assert stripe_on.orders == []


@pytest.mark.parametrize(
    "fields",
    [
        {"stripe_is_on": False},
        {"stripe_secret_key": ""},
        {"stripe_webhook_secret": ""},
    ],
)
def test_a_way_needs_its_switch_and_its_keys(
    stripe_on: Stripe, fields: dict[str, Any]
) -> None:
    assert [way.name for way in payments.ways_on()] == ["stripe"]
    row = PaymentSettings.get_solo()
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()

    assert payments.ways_on() == []


def test_secrets_are_encrypted(stripe_on: Stripe) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_paymentsettings")
        stored = str(cursor.fetchall())

    assert KEY not in stored
    assert SIGNING not in stored


@pytest.mark.parametrize(
    ("price", "currency", "amount", "words"),
    [
        ("9.90", "CNY", 990, "9.90 CNY"),
        ("0.01", "USD", 1, "0.01 USD"),
        ("500", "JPY", 500, "500 JPY"),
        ("19.99", "EUR", 1999, "19.99 EUR"),
    ],
)
def test_prices_are_in_the_smallest_unit(
    price: str, currency: str, amount: int, words: str
) -> None:
    row = CreditPackage(name="x", credits=1, price=Decimal(price), currency=currency)
    row.full_clean()

    assert (row.amount, row.price_in_words) == (amount, words)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": Decimal("0")},
        {"price": Decimal("-1")},
        {"price": Decimal("1000000")},
        {"price": Decimal("9.5"), "currency": "JPY"},
        {"credits": 0},
        {"credits": -5},
        {"credits": 1_000_000_001},
        {"currency": "XXX"},
    ],
)
def test_wrong_packages_are_refused(wrong: dict[str, Any]) -> None:
    fields = {"name": "x", "credits": 1, "price": Decimal(1), "currency": "CNY"}

    with pytest.raises(ValidationError):
        CreditPackage(**(fields | wrong)).full_clean()
