from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from time_machine import travel

from accounts.choice.usage import begin_turn
from accounts.editing.save import save_account
from accounts.models import DiscordAccount
from tests.factories import make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("utc")]
EVENING = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def take_turn(account: DiscordAccount, **turn: Any) -> bool:
    return bool(begin_turn(account, **turn)())


def again(account: DiscordAccount) -> DiscordAccount:
    return DiscordAccount.objects.get(pk=account.pk)


def test_what_is_given_is_counted(account: DiscordAccount) -> None:
    assert take_turn(account)
    assert take_turn(account, tasks=4)

    assert again(account).drawn_today == 5
    assert again(account).picked_at is not None


def test_a_new_day_begins_at_midnight(account: DiscordAccount) -> None:
    with travel(EVENING, tick=False):
        take_turn(account, tasks=3)
        assert again(account).drawn_today == 3
    with travel(EVENING + timedelta(minutes=1), tick=False):
        assert again(account).drawn_today == 0
        take_turn(account)
        assert again(account).drawn_today == 1
        assert again(account).day == date(2026, 3, 2)


def test_midnight_is_that_of_the_server(account: DiscordAccount, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"

    with travel(EVENING, tick=False):
        take_turn(account)

    assert again(account).day == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("limit", "count", "days_ago", "taken"),
    [
        (-1, 10**6, 0, True),
        (3, 2, 0, True),
        (3, 3, 0, False),
        (3, 3, 1, True),
        (1, 0, None, True),
        (0, 0, None, False),
        (0, 5, 1, False),
    ],
)
def test_a_limit_holds_for_a_day(
    limit: int, count: int, days_ago: int | None, taken: bool
) -> None:
    today = timezone.localdate()
    day = None if days_ago is None else today - days_ago * DAY
    account = make_account(day_draw_limit=limit, day_draw_count=count, day=day)

    assert take_turn(account, within_limit=True) is taken
    assert take_turn(account) is True  # a button is always pressed


def test_a_turn_is_taken_once(account: DiscordAccount) -> None:
    seen = again(account)

    assert take_turn(seen, unless_taken=True) is True
    assert take_turn(seen, unless_taken=True) is False
    assert take_turn(again(account), unless_taken=True) is True
    assert again(account).day_draw_count == 2


def test_a_turn_goes_behind_all_even_if_the_clock_was_set_back(
    account: DiscordAccount,
) -> None:
    last = timezone.now() + timedelta(hours=1)
    seen: Any = again(account)
    seen.last_turn = last

    take_turn(seen)

    taken = again(account).picked_at
    assert taken is not None
    assert taken > last


def test_an_edit_forgets_nothing_that_was_counted_meanwhile(
    account: DiscordAccount,
) -> None:
    edited = again(account)
    take_turn(account, tasks=2)
    edited.remark = "blue"

    save_account(edited)

    found = again(account)
    assert (found.remark, found.day_draw_count) == ("blue", 2)
    assert found.picked_at is not None


def test_a_deleted_account_has_no_turn(account: DiscordAccount) -> None:
    DiscordAccount.objects.all().delete()

    assert take_turn(account) is False
