from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection

from accounts.credits import ledger
from accounts.credits.checking import differences
from accounts.enums import BookingKind
from accounts.exceptions import AccountsError, InvalidField
from accounts.limits import meter
from accounts.models import Booking, Meter, User
from accounts.models.credits.bookings import MOST_CREDITS
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def booked(user: User) -> list[tuple[str, int]]:
    return list(
        Booking.objects.filter(user=user).order_by("pk").values_list("kind", "amount")
    )


def test_every_change_of_a_balance_is_a_booking(alice: User) -> None:
    ledger.add(alice.pk, 100, by="olga", note="a gift")
    ledger.take(alice.pk, 30, by="olga", note="a mistake")

    assert meter.balance(alice.pk) == 70
    assert booked(alice) == [("add", 100), ("take", -30)]
    row = Booking.objects.latest("pk")
    assert (row.by, row.note) == ("olga", "a mistake")
    assert list(differences()) == []


@pytest.mark.parametrize("amount", [0, -1, MOST_CREDITS + 1, 2**63, -(2**70)])
def test_no_wrong_amount_is_booked(alice: User, amount: int) -> None:
    for book in (ledger.add, ledger.take):
        with pytest.raises(InvalidField):
            book(alice.pk, amount, by="olga", note="")

    assert not Booking.objects.exists()


def test_no_more_is_taken_away_than_there_is(alice: User, bob: User) -> None:
    ledger.add(alice.pk, 10, by="olga", note="")

    for user in (alice, bob):
        with pytest.raises(AccountsError, match="fewer"):
            ledger.take(user.pk, 11, by="olga", note="")

    assert meter.balance(alice.pk) == 10
    assert booked(alice) == [("add", 10)]


def test_a_task_is_booked_once(alice: User) -> None:
    ledger.book(alice.pk, 7, BookingKind.RETURN, task=1)

    with pytest.raises(IntegrityError):
        ledger.give_back(alice.pk, 1, 7)


def test_nothing_is_booked_for_a_user_who_is_gone(alice: User) -> None:
    ledger.add(alice.pk, 1, by="", note="")

    alice.delete()

    assert not Booking.objects.exists()
    assert not Meter.objects.exists()
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_of_equal_forms_at_once_one_is_booked() -> None:
    alice, form, start = make_user("alice"), uuid.uuid4(), Barrier(4)

    def add() -> bool:
        try:
            start.wait()
            ledger.add(alice.pk, 5, by="olga", note="a gift", form=form)
        except ledger.BookedBefore:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        booked = [done.result() for done in [pool.submit(add) for _ in range(4)]]

    assert sorted(booked) == [False, False, False, True]
    assert meter.balance(alice.pk) == 5
    assert list(differences()) == []
