"""Ledger of credits: every change of a balance is a booking in the same transaction.

A submit reserves the price of its task; the end of the task settles or returns it. The
meter is locked last, as a submit does (docs/adr/0036).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.enums import BookingKind
from accounts.exceptions import AccountsError, InvalidField
from accounts.models import Booking, Meter, Payment, User
from accounts.models.credits.bookings import MOST_CREDITS
from mjproxy.lib.audit import records
from mjproxy.lib.db.deadlocks import again_after_deadlock

Kind: Final = BookingKind


class TooFewCredits(AccountsError):
    """The user has fewer credits than are to be taken away."""

    def __init__(self) -> None:
        super().__init__("积分不足", "The user has fewer credits than that")


class BookedBefore(AccountsError):
    """The form was sent twice: what it says is booked already."""

    def __init__(self) -> None:
        super().__init__("已处理过该请求", "This form was sent before and is booked")


# --- tasks ----------------------------------------------------------------------------


def reserve(user_id: int, task_id: int, price: int) -> None:
    """Book the price of a task. `meter.count` with the same price takes it away.

    Call both in the transaction that writes the task.
    """
    Booking.objects.create(
        user_id=user_id, amount=-price, kind=Kind.RESERVE, task=task_id
    )


def settle(user_id: int, task_id: int) -> None:
    """Book that a task is done: what was reserved is spent."""
    Booking.objects.create(user_id=user_id, amount=0, kind=Kind.SETTLE, task=task_id)


def give_back(user_id: int, task_id: int, price: int) -> None:
    """Return the price of a task that failed."""
    book(user_id, price, Kind.RETURN, task=task_id)


# --- people ---------------------------------------------------------------------------


@again_after_deadlock
def add(
    user_id: int, amount: int, *, by: str, note: str, form: UUID | None = None
) -> None:
    """Add credits for an operator. Raises InvalidField, BookedBefore.

    `form` names the form that was filled in: it books once for each user.
    """
    _check(amount)
    with transaction.atomic(), _once(form):
        book(user_id, amount, Kind.ADD, by=by, note=note, form=form)
        records.note("add credits", (User, user_id), credits=amount, note=note)


@again_after_deadlock
def take(
    user_id: int, amount: int, *, by: str, note: str, form: UUID | None = None
) -> None:
    """Take credits away for an operator, as `add` does. Also raises TooFewCredits."""
    _check(amount)
    with transaction.atomic():
        with _once(form):
            _write(user_id, -amount, Kind.TAKE, by=by, note=note, form=form)
        rich = Meter.objects.filter(user=user_id, balance__gte=amount)
        if not rich.update(balance=F("balance") - amount):
            raise TooFewCredits
        records.note("take credits", (User, user_id), credits=amount, note=note)


@contextmanager
def _once(form: UUID | None) -> Iterator[None]:
    """Raise BookedBefore where a booking of the same form is there."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        if form and Booking.objects.filter(form=form).exists():
            raise BookedBefore from exc
        raise


def _check(amount: int) -> None:
    if not 0 < amount <= MOST_CREDITS:
        raise InvalidField("积分数量无效", f"From 1 to {MOST_CREDITS} credits")


def book(
    user_id: int,
    amount: int,
    kind: BookingKind,
    *,
    task: int | None = None,
    payment: Payment | None = None,
    note: str = "",
    by: str = "",
    form: UUID | None = None,
) -> None:
    """Write a booking and change the balance. Call it in a transaction."""
    facts = {"task": task, "payment": payment, "note": note, "by": by, "form": form}
    _write(user_id, amount, kind, **facts)
    meter = Meter.objects.filter(user=user_id)
    if meter.update(balance=F("balance") + amount):
        return
    # Again in any case: another transaction may have made the row just now.
    Meter.objects.bulk_create([Meter(user_id=user_id)], ignore_conflicts=True)
    if not meter.update(balance=F("balance") + amount):
        raise Meter.DoesNotExist  # its user was just deleted


def _write(user_id: int, amount: int, kind: BookingKind, **fields: Any) -> None:
    Booking.objects.create(user_id=user_id, amount=amount, kind=kind, **fields)
