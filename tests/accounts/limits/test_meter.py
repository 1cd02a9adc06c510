from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django.fixtures import Settings

from accounts.limits import meter
from accounts.limits.meter import Drawn, Most
from accounts.limits.periods import end_of_day, end_of_month
from accounts.models import ApiKey, KeyMeter, Meter, User

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 31)
NEXT = date(2026, 2, 1)


@pytest.fixture(params=[True, False], ids=["compiled", "plain"])
def _either_way(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.COMPILED_QUERIES = request.param


@pytest.mark.usefixtures("_either_way")
def test_a_new_day_and_a_new_month_begin_at_nothing(alice: User) -> None:
    found = [meter.count(alice.pk, day) for day in (DAY, DAY, NEXT)]

    assert found == [Drawn(1, 1, 1), Drawn(2, 2, 2), Drawn(1, 1, 3)]
    assert meter.drawn(alice.pk, NEXT) == Drawn(1, 1, 3)
    assert meter.drawn(alice.pk, date(2026, 2, 2)) == Drawn(0, 1, 3)
    assert meter.drawn(alice.pk, date(2026, 3, 1)) == Drawn(0, 0, 3)


@pytest.mark.usefixtures("_either_way")
def test_a_submit_of_before_midnight_does_not_begin_the_old_day_again(
    alice: User,
) -> None:
    found = [meter.count(alice.pk, day) for day in (NEXT, DAY, NEXT)]

    assert found == [Drawn(1, 1, 1), Drawn(2, 2, 2), Drawn(3, 3, 3)]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("name", ["of_day", "of_month", "in_total"])
def test_what_passes_a_limit_is_not_counted(alice: User, name: str) -> None:
    most = Most(**{name: 2})

    found = [meter.count(alice.pk, DAY, most=most) for _ in range(3)]

    assert found == [Drawn(1, 1, 1), Drawn(2, 2, 2), None]
    assert meter.drawn(alice.pk, DAY) == Drawn(2, 2, 2)
    assert meter.count(alice.pk, NEXT, drawings=3, most=most) is None


@pytest.mark.usefixtures("_either_way")
def test_none_is_counted_to_lock_the_row(alice: User) -> None:
    meter.count(alice.pk, DAY)

    assert meter.count(alice.pk, DAY, drawings=0, most=Most(of_day=1)) == Drawn(1, 1, 1)
    assert meter.count(alice.pk, NEXT, drawings=0) == Drawn(0, 0, 1)


@pytest.mark.usefixtures("_either_way")
def test_a_key_has_its_own_numbers(alice: User) -> None:
    key = ApiKey.objects.get(owner=alice)
    meter.count_for_key(key.pk, DAY)

    assert meter.count_for_key(key.pk, DAY, most=Most(of_day=1)) is None
    assert meter.drawn_with_key(key.pk, DAY) == Drawn(1, 1, 1)
    assert meter.drawn(alice.pk, DAY) == Drawn()


@pytest.mark.parametrize(
    ("day", "left"), [(DAY, Drawn(1, 1, 1)), (NEXT, Drawn(0, 0, 1))]
)
def test_what_is_given_back_leaves_the_numbers_it_was_counted_in(
    alice: User, day: date, left: Drawn
) -> None:
    for _ in range(2):
        meter.count(alice.pk, DAY)

    meter.give_back(alice.pk, None, DAY)

    assert meter.drawn(alice.pk, day) == left


def test_what_was_counted_on_another_day_leaves_this_days_number(alice: User) -> None:
    meter.count(alice.pk, DAY)
    meter.count(alice.pk, NEXT)

    meter.give_back(alice.pk, None, DAY)

    assert meter.drawn(alice.pk, NEXT) == Drawn(1, 1, 1)


def test_nothing_is_given_back_that_was_not_counted(alice: User) -> None:
    key = ApiKey.objects.get(owner=alice)

    meter.give_back(alice.pk, key.pk, DAY)

    assert not Meter.objects.exists()
    assert not KeyMeter.objects.exists()


@pytest.mark.parametrize(
    ("end", "day"),
    [
        (end_of_day(DAY), date(2026, 2, 1)),
        (end_of_month(DAY), date(2026, 2, 1)),
        (end_of_month(date(2026, 12, 1)), date(2027, 1, 1)),
        (end_of_month(date(2028, 2, 29)), date(2028, 3, 1)),
    ],
)
def test_days_and_months_end_at_midnight(end: datetime, day: date) -> None:
    assert (end.date(), end.time()) == (day, time())


def test_midnight_is_that_of_the_server(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"

    shanghai = datetime(2026, 2, 1, tzinfo=ZoneInfo("Asia/Shanghai"))

    assert end_of_day(DAY) == shanghai
