"""Payments: packages that users buy, and what payment services report about them."""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.credits import ledger
from accounts.credits.ways.base import Opened, Order, PaymentWay, Report
from accounts.credits.ways.stripe_checkout import StripeCheckout
from accounts.enums import BookingKind
from accounts.exceptions import InvalidField
from accounts.models import CreditPackage, Payment
from accounts.state import mails
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.web.outside_hosts import answer_to

logger = logging.getLogger(__name__)

WAYS: Final[dict[str, PaymentWay]] = {way.name: way for way in [StripeCheckout()]}
# Columns that reports change.
_NOTED: Final = (
    *("charge_id", "paid_at", "ended_at", "refunded", "disputed_at", "problem"),
)
PATIENCE: Final = 25.0  # seconds: two calls and a pause


def ways_on() -> list[PaymentWay]:
    return [way for way in WAYS.values() if way.is_on()]


def on_sale() -> list[CreditPackage]:
    return list(CreditPackage.objects.filter(is_on=True))


def begin(user_id: int, package_id: int, way_name: str, back: str) -> Opened:
    """Open a payment at its service. Raises InvalidField, PaymentDown, AnswerNeeded.

    The row is written before anybody learns the address, so no payment is unknown.
    `back` is the address of the page to return to.
    """
    package = CreditPackage.objects.filter(pk=package_id, is_on=True).first()
    way = next((way for way in ways_on() if way.name == way_name), None)
    if package is None or way is None:
        raise InvalidField("套餐不可用", "This package cannot be bought now")
    reference = uuid.uuid4().hex
    order = Order(
        reference,
        package.name,
        package.amount,
        package.currency,
        f"{back}?payment={reference}",
    )
    # After this the function runs anew, with a reference that is of no use.
    opened: Opened = answer_to("payment", way.opening(order), timeout=PATIENCE)
    Payment.objects.create(
        user_id=user_id,
        way=way.name,
        reference=opened.reference,
        outside_id=opened.outside_id,
        package=package.name,
        credits=package.credits,
        amount=package.amount,
        currency=package.currency,
    )
    return opened


@again_after_deadlock
@transaction.atomic
def take_in(way: PaymentWay, report: Report) -> None:
    """Note what a service reports, and book what is not booked yet.

    The row is locked, so reports at the same time are booked once.
    """
    payment = _reported(way, report)
    if payment is None:
        logger.warning("%s reports a payment that is not of this server", way.name)
        return
    _note(payment, report)
    payment.save(update_fields=_NOTED)
    if payment.paid_at:
        _book(payment)


def _reported(way: PaymentWay, report: Report) -> Payment | None:
    """Return the payment of a report, locked."""
    rows = Payment.objects.select_for_update().filter(way=way.name)
    if report.reference:
        return rows.filter(reference=report.reference).first()
    if report.charge_id:
        return rows.filter(charge_id=report.charge_id).first()
    return None


def _note(payment: Payment, report: Report) -> None:
    now = timezone.now()
    if report.paid is not None and not payment.paid_at:
        if (report.paid, report.currency) == (payment.amount, payment.currency):
            payment.paid_at = now
        else:
            payment.problem = f"paid were {report.paid} {report.currency}"[:400]
            logger.error("payment %s: %s", payment.pk, payment.problem)
    if report.has_ended and not payment.ended_at:
        payment.ended_at = now
    if report.paid is not None and report.charge_id:
        payment.charge_id = report.charge_id
    if report.disputed and not payment.disputed_at:
        payment.disputed_at = now
        payment.problem = f"disputed: {report.disputed}"[:400]
        logger.error("payment %s: %s", payment.pk, payment.problem)
        mails.note_dispute(payment, report.disputed)
    if report.refunded is not None:
        refunded = max(payment.refunded, report.refunded)
        payment.refunded = min(refunded, payment.amount)


def _book(payment: Payment) -> None:
    """Book the credits of a payment, less those of what was refunded."""
    if payment.user_id is None:
        logger.error("payment %s: its user is gone", payment.pk)
        return
    booked = dict(
        payment.bookings.order_by().values_list("kind").annotate(Sum("amount"))
    )
    if BookingKind.PAYMENT not in booked:
        _add(payment, payment.credits, BookingKind.PAYMENT)
    back = payment.credits * payment.refunded // payment.amount
    if more := back + booked.get(BookingKind.REFUND, 0):
        _add(payment, -more, BookingKind.REFUND)


def _add(payment: Payment, amount: int, kind: BookingKind) -> None:
    user, note = payment.user_id, str(payment)
    assert user is not None  # noqa: S101 - checked before
    ledger.book(user, amount, kind, payment=payment, note=note)
    logger.info("payment %s: %+d credits for user %s", payment.pk, amount, user)
