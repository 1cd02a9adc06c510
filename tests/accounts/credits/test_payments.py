"""Reports about payments, from a Stripe on loopback."""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.credits import ledger, payments
from accounts.credits.checking import differences
from accounts.limits import meter
from accounts.models import (
    Booking,
    CreditPackage,
    MailSettings,
    OperatorMail,
    Payment,
    PaymentSettings,
    User,
)
from accounts.state import mails
from tests.stripe_server import Stripe, event, tell

pytestmark = pytest.mark.django_db

BACK = "https://draw.example/me/credits"


def begin(user: User, package: CreditPackage) -> Payment:
    opened = payments.begin(user.pk, package.pk, "stripe", BACK)
    return Payment.objects.get(reference=opened.reference)


def booked(user: User) -> list[tuple[str, int]]:
    rows = Booking.objects.filter(user=user).order_by("pk")
    return list(rows.values_list("kind", "amount"))


@pytest.mark.parametrize("kind", ["completed", "async_payment_succeeded"])
def test_a_payment_is_booked_once(
    alice: User, package: CreditPackage, stripe_on: Stripe, kind: str
) -> None:
    payment = begin(alice, package)
    CreditPackage.objects.update(credits=1, price=1)

    for _ in range(3):
        assert tell(stripe_on.session(kind)).status_code == 200

    assert booked(alice) == [("payment", 100)]
    assert meter.balance(alice.pk) == 100
    payment.refresh_from_db()
    assert payment.paid_at
    assert list(differences()) == []


@pytest.mark.parametrize("status", ["unpaid", "no_payment_required", None])
def test_an_unpaid_session_gives_nothing(
    alice: User, package: CreditPackage, stripe_on: Stripe, status: str | None
) -> None:
    begin(alice, package)

    told = tell(stripe_on.session("completed", payment_status=status))

    assert told.status_code == 200
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_total": 989},
        {"amount_total": 0},
        {"amount_total": -990},
        {"currency": "jpy"},
    ],
)
def test_another_amount_gives_nothing_and_is_told(
    alice: User,
    package: CreditPackage,
    stripe_on: Stripe,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
) -> None:
    payment = begin(alice, package)

    with caplog.at_level(logging.ERROR):
        told = tell(stripe_on.session("completed", **wrong))

    assert told.status_code == 200
    assert not Booking.objects.exists()
    payment.refresh_from_db()
    assert "paid were" in payment.problem
    assert f"payment {payment.pk}" in caplog.text


@pytest.mark.parametrize("kind", ["expired", "async_payment_failed"])
def test_a_payment_that_ended_gives_nothing(
    alice: User, package: CreditPackage, stripe_on: Stripe, kind: str
) -> None:
    payment = begin(alice, package)

    tell(stripe_on.session(kind, payment_status="unpaid"))

    payment.refresh_from_db()
    assert payment.ended_at
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("refunded", "back"), [(990, 100), (495, 50), (1, 0), (10, 1), (10**9, 100)]
)
def test_a_refund_takes_its_part_back(
    alice: User, package: CreditPackage, stripe_on: Stripe, refunded: int, back: int
) -> None:
    payment = begin(alice, package)
    tell(stripe_on.session("completed"))

    for _ in range(2):
        assert tell(stripe_on.refund(refunded)).status_code == 200

    assert meter.balance(alice.pk) == 100 - back
    assert booked(alice)[1:] == ([("refund", -back)] if back else [])
    payment.refresh_from_db()
    assert payment.refunded == min(refunded, 990)
    assert list(differences()) == []


def test_credits_that_are_spent_are_owed_after_a_refund(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    begin(alice, package)
    tell(stripe_on.session("completed"))
    ledger.take(alice.pk, 60, by="olga", note="")

    tell(stripe_on.refund(990))

    assert meter.balance(alice.pk) == -60


def test_reports_may_come_in_any_order(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    begin(alice, package)
    reports = [
        stripe_on.session("completed"),
        stripe_on.refund(99),
        stripe_on.refund(495),
        stripe_on.session("expired", payment_status="unpaid"),
    ]

    for order in itertools.permutations(reports):
        begin(alice, package)
        before = meter.balance(alice.pk)
        for report in order:
            kind = report["type"].rpartition(".")[2]
            if kind == "refunded":
                paid_back = report["data"]["object"]["amount_refunded"]
                again = stripe_on.refund(paid_back)
            else:
                again = stripe_on.session(kind)
            assert tell(again).status_code == 200
        assert meter.balance(alice.pk) == before + 50
    assert list(differences()) == []


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_another"},
        {"age": 301},
        {"header": ""},
        {"header": "nonsense"},
        {"header": "t=1,v1=abc"},
        {"header": "t=x,v1=abc"},
        {"header": "t=9999999999,v0=abc"},
    ],
)
def test_a_wrong_signature_is_refused(
    alice: User, package: CreditPackage, stripe_on: Stripe, how: dict[str, Any]
) -> None:
    begin(alice, package)

    told = tell(stripe_on.session("completed"), **how)

    assert told.status_code == 400
    assert not Booking.objects.exists()


def test_without_a_signing_secret_nothing_is_taken_in(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    begin(alice, package)
    row = PaymentSettings.get_solo()
    row.stripe_webhook_secret = ""
    row.save()

    assert tell(stripe_on.session("completed"), secret="").status_code == 400
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        {"type": "checkout.session.completed"},
        {"type": 7, "data": {"object": None}},
        event("checkout.session.completed", {"payment_status": "paid"}),
        event("checkout.session.completed", []),
        event("charge.refunded", {"metadata": {"payment": "x"}}),
        event("charge.refunded", {"metadata": 7, "amount_refunded": 1}),
    ],
)
def test_a_report_that_cannot_be_read_is_no_error_of_ours(
    stripe_on: Stripe, body: Any
) -> None:
    assert tell(body).status_code in (200, 400)


@pytest.mark.parametrize("reference", [None, "", "\0", "x" * 5000, 7, "f" * 32, {}])
def test_a_payment_of_another_server_is_not_ours(
    stripe_on: Stripe, reference: Any
) -> None:
    about = {
        "client_reference_id": reference,
        "payment_status": "paid",
        "amount_total": 1,
        "currency": "cny",
    }

    told = tell(event("checkout.session.completed", about))

    assert told.status_code == 200
    assert not Booking.objects.exists()


def test_other_events_are_received(stripe_on: Stripe) -> None:
    assert tell(event("customer.created", {})).status_code == 200


def test_a_payment_of_a_user_who_is_gone_is_told(
    alice: User,
    package: CreditPackage,
    stripe_on: Stripe,
    caplog: pytest.LogCaptureFixture,
) -> None:
    payment = begin(alice, package)
    alice.delete()

    with caplog.at_level(logging.ERROR):
        assert tell(stripe_on.session("completed")).status_code == 200

    payment.refresh_from_db()
    assert payment.paid_at
    assert "its user is gone" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_sixteen_reports_at_once_are_booked_once(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    begin(alice, package)
    reports = [stripe_on.session("completed"), stripe_on.refund(495)] * 8
    together = Barrier(16)

    def work(report: Any) -> int:
        together.wait(30)
        try:
            return int(tell(report).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(work, reports)) == {200}

    assert sorted(booked(alice)) == [("payment", 100), ("refund", -50)]
    assert meter.balance(alice.pk) == 50


# --- disputes -------------------------------------------------------------------------


@pytest.fixture
def operators_mail() -> MailSettings:
    return MailSettings.objects.create(
        is_on=True, host="mail.example", sender="a@b.example", recipients="o@b.example"
    )


def test_a_dispute_is_noted_and_told_to_the_operator_once(
    alice: User,
    package: CreditPackage,
    stripe_on: Stripe,
    operators_mail: MailSettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    payment = begin(alice, package)
    tell(stripe_on.session("completed"))

    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            assert tell(stripe_on.dispute()).status_code == 200

    payment.refresh_from_db()
    assert payment.disputed_at
    assert payment.problem == "disputed: fraudulent"
    assert f"payment {payment.pk}" in caplog.text
    mail = OperatorMail.objects.get()
    assert (mail.payment, mail.account, mail.reason) == (payment, None, "fraudulent")
    # The bank has decided nothing yet.
    assert meter.balance(alice.pk) == 100


def test_the_mail_about_a_dispute_says_what_to_do(
    alice: User,
    package: CreditPackage,
    stripe_on: Stripe,
    operators_mail: MailSettings,
    settings: Any,
) -> None:
    settings.PUBLIC_URL = "https://draw.example"
    begin(alice, package)
    tell(stripe_on.session("completed"))
    tell(stripe_on.dispute(reason="fraudulent\r\nBcc: x@y.example"))

    mail = mails.compose(operators_mail, list(OperatorMail.objects.all()))

    assert "Payment disputed" in mail.subject
    assert "\n" not in mail.subject
    assert "Reason: fraudulent Bcc: x@y.example" in mail.body
    assert "https://draw.example/admin/accounts/payment/" in mail.body


@pytest.mark.parametrize(
    "wrong",
    [
        {"payment_intent": "pi_of_another_shop"},
        {"payment_intent": ""},
        {"payment_intent": None},
        {"payment_intent": ["x"]},
        {"payment_intent": "x" * 1000},
    ],
)
def test_a_dispute_about_another_payment_changes_nothing(
    alice: User, package: CreditPackage, stripe_on: Stripe, wrong: dict[str, Any]
) -> None:
    begin(alice, package)  # not paid: it has no name at Stripe yet

    assert tell(stripe_on.dispute(**wrong)).status_code == 200

    assert Payment.objects.get().disputed_at is None


def test_a_refund_after_a_dispute_is_booked(
    alice: User, package: CreditPackage, stripe_on: Stripe
) -> None:
    begin(alice, package)
    tell(stripe_on.session("completed"))
    tell(stripe_on.dispute())
    ledger.take(alice.pk, 80, by="", note="")

    tell(stripe_on.refund(990))

    assert meter.balance(alice.pk) == -80
    assert list(differences()) == []
