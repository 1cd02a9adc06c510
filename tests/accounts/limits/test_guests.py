from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.limits import guests
from accounts.models import AccessSettings, GuestDay
from accounts.retention import remove_expired
from mjproxy.lib.db.deadlocks import again_after_deadlock

DAY = date(2026, 3, 1)
THREADS = 16


def allow(drawings: int | None) -> None:
    AccessSettings(pk=AccessSettings.singleton_instance_id).save()
    access = AccessSettings.get_solo()
    access.guest_drawings_a_day = drawings
    access.save()


@pytest.mark.parametrize("limit", [None, 0])
@pytest.mark.django_db
def test_without_a_limit_they_are_only_counted(limit: int | None) -> None:
    allow(limit)

    assert [guests.count("1.2.3.4", DAY) for _ in range(3)] == [True] * 3
    assert guests.drawn("1.2.3.4", DAY) == 3


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ("1.2.3.4", True),
        ("::ffff:1.2.3.4", True),
        ("1.2.3.5", False),
        (None, False),
        ("2001:db8::1", False),
    ],
)
@pytest.mark.django_db
def test_each_address_has_its_own_number(other: str | None, is_same: bool) -> None:
    allow(1)
    guests.count("1.2.3.4", DAY)

    assert guests.count(other, DAY) != is_same


@pytest.mark.django_db
def test_a_household_of_ipv6_has_one_number() -> None:
    allow(2)

    assert guests.count("2001:db8::1", DAY)
    assert guests.count("2001:db8::ffff:2", DAY)
    assert not guests.count("2001:db8::3", DAY)
    assert guests.count("2001:db8:0:1::3", DAY)


@pytest.mark.django_db
def test_each_day_begins_anew() -> None:
    allow(1)
    guests.count("1.2.3.4", DAY)

    assert not guests.count("1.2.3.4", DAY)
    assert guests.count("1.2.3.4", DAY + timedelta(days=1))


@pytest.mark.django_db
def test_a_drawing_is_given_back_on_its_day_and_no_more_than_counted() -> None:
    allow(1)
    guests.count("1.2.3.4", DAY)

    for _ in range(3):
        guests.give_back("1.2.3.4", DAY)
    guests.give_back("1.2.3.4", DAY + timedelta(days=1))

    assert guests.drawn("1.2.3.4", DAY) == 0
    assert guests.count("1.2.3.4", DAY)


@pytest.mark.django_db
def test_old_numbers_are_removed() -> None:
    today = timezone.localdate()
    for days in (0, 7, 8):
        guests.count("1.2.3.4", today - timedelta(days=days))

    remove_expired()

    found = GuestDay.objects.order_by("-day").values_list("day", flat=True)
    assert [(today - day).days for day in found] == [0, 7]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_no_more_than_allowed() -> None:
    allow(5)
    together = Barrier(THREADS)

    @again_after_deadlock
    def count() -> bool:
        with transaction.atomic():
            return guests.count("1.2.3.4", DAY)

    def draw(_: int) -> bool:
        together.wait(20)
        try:
            return count()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        won = list(threads.map(draw, range(THREADS)))

    assert sum(won) == 5
    assert guests.drawn("1.2.3.4", DAY) == 5
