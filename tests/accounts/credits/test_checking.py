from __future__ import annotations

import logging

import pytest
from django.core.management import CommandError, call_command

from accounts import jobs
from accounts.credits import ledger
from accounts.credits.checking import Difference, differences
from accounts.enums import BookingKind
from accounts.models import Booking, Meter, User


def test_balances_without_bookings_and_bookings_without_balances_are_found(
    alice: User, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.add(alice.pk, 5, by="", note="")
    Meter.objects.filter(user=alice).update(balance=6)
    Booking.objects.create(user=bob, amount=3, kind=BookingKind.ADD)

    found = list(differences())
    with caplog.at_level(logging.ERROR):
        jobs.check_credits()

    assert found == [Difference(alice.pk, 6, 5), Difference(bob.pk, 0, 3)]
    assert f"user {alice.pk}: the balance is 6, the bookings sum up to 5" in caplog.text
    assert f"user {bob.pk}: the balance is 0" in caplog.text
    with pytest.raises(CommandError, match=r"2 balance\(s\)"):
        call_command("check_meters")


@pytest.mark.django_db
def test_a_user_without_bookings_is_right(alice: User) -> None:
    Meter.objects.create(user=alice, of_day=3)

    assert list(differences()) == []
