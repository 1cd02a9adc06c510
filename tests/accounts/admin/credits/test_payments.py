from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import CreditPackage, Payment, PaymentSettings, User

SETTINGS = "/admin/accounts/paymentsettings/"
PACKAGES = "/admin/accounts/creditpackage/"
PAYMENTS = "/admin/accounts/payment/"
KEYS = {
    "new_stripe_secret_key": "sk_test_secret",
    "new_stripe_webhook_secret": "whsec_secret",
}


def test_keys_are_kept_and_never_shown(admin: Client) -> None:
    saved = admin.post(SETTINGS, KEYS | {"stripe_is_on": "on"})

    assert saved.status_code == 302
    row = PaymentSettings.get_solo()
    assert row.stripe_is_on
    assert row.stripe_secret_key == "sk_test_secret"
    shown = admin.get(SETTINGS).content.decode()
    assert "sk_test_secret" not in shown
    assert "whsec_secret" not in shown
    admin.post(SETTINGS, {"stripe_is_on": "on"})
    assert PaymentSettings.get_solo().stripe_secret_key == "sk_test_secret"


@pytest.mark.parametrize("missing", KEYS)
def test_a_service_is_not_turned_on_without_its_keys(
    admin: Client, missing: str
) -> None:
    form = KEYS | {"stripe_is_on": "on", missing: ""}

    refused = admin.post(SETTINGS, form)

    assert "Both keys are needed" in refused.content.decode()
    assert not PaymentSettings.get_solo().stripe_is_on


def test_packages_are_edited(admin: Client) -> None:
    form = {
        "name": "Small",
        "credits": "100",
        "price": "9.90",
        "currency": "CNY",
        "is_on": "on",
        "sort": "0",
    }

    made = admin.post(f"{PACKAGES}add/", form)
    refused = admin.post(f"{PACKAGES}add/", form | {"price": "-1"})

    assert (made.status_code, refused.status_code) == (302, 200)
    assert CreditPackage.objects.get().price == Decimal("9.90")
    assert "9.90 CNY" in admin.get(PACKAGES).content.decode()


def test_payments_are_listed_with_their_state(admin: Client, alice: User) -> None:
    now = timezone.now()
    states: dict[str, dict[str, Any]] = {
        "Open": {},
        "Paid": {"paid_at": now},
        "Refunded": {"paid_at": now, "refunded": 5},
        "Unpaid": {"ended_at": now},
        "Problem": {"problem": "paid were 5 USD"},
    }
    for number, fields in enumerate(states.values()):
        Payment.objects.create(
            user=alice,
            way="stripe",
            reference=f"r{number}",
            package="Small",
            credits=1,
            amount=990,
            currency="CNY",
            **fields,
        )

    shown = admin.get(PAYMENTS, {"q": "alice"}).content.decode()

    assert [words for words in states if words not in shown] == []
    assert "0.05 CNY" in shown
    assert admin.get(f"{PAYMENTS}add/").status_code == 403
