from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries
from time_machine import travel

from accounts.choice.idle_hours import follow_hours
from accounts.editing.save import save_account
from accounts.models import DiscordAccount
from tests.factories import make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("utc")]
NIGHT, NOON = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (23, 12))


def idle() -> set[int]:
    return set(DiscordAccount.objects.filter(is_fishing=True).values_list(flat=True))


def test_idle_hours_begin_and_end_by_the_clock() -> None:
    sleeper = make_account(fishing_time="22:00-06:00")
    noon = make_account(fishing_time="11:00-13:00, 22:30-22:40")
    make_account()

    for moment, expected in ((NIGHT, sleeper), (NOON, noon), (NIGHT, sleeper)):
        with travel(moment, tick=False):
            follow_hours()
        assert idle() == {expected.pk}


def test_hours_that_are_taken_away_end() -> None:
    make_account(fishing_time="", is_fishing=True)

    follow_hours()

    assert idle() == set()


def test_an_edit_counts_at_once(account: DiscordAccount) -> None:
    with travel(NOON, tick=False):
        account.fishing_time = "11:00-13:00"
        save_account(account)
        assert idle() == {account.pk}
        account.fishing_time = "13:01-14:00"
        save_account(account)
        assert idle() == set()


def test_a_thousand_accounts_cost_as_much_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for hour in range(10, 20):
        make_account(fishing_time=f"{hour}:00-{hour}:30")

    with travel(NOON, tick=False), django_assert_num_queries(3):
        follow_hours()
