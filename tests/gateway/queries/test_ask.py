from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.exceptions import InvalidField
from accounts.models import BotSnapshot, DiscordAccount
from gateway.enums import OVER, QueryKind, QueryState
from gateway.models import AccountQuery, GatewaySettings
from gateway.queries import ask
from tests.factories import make_account
from tests.gateway.query_rows import MJ, NIJI
from tests.gateway.rows import make_session

pytestmark = pytest.mark.django_db


def asked() -> list[tuple[str, str]]:
    return list(AccountQuery.objects.order_by("pk").values_list("bot", "kind"))


def let_pass(**time: float) -> None:
    moment = timezone.now() - timedelta(**time)
    AccountQuery.objects.update(created_at=moment, state=QueryState.DONE)
    BotSnapshot.objects.update(asked_at=moment)


def test_a_reading_asks_both_bots_for_both(account: DiscordAccount) -> None:
    ask.ask_sync(account, by_hand=True)

    assert asked() == [
        (NIJI, QueryKind.INFO),
        (MJ, QueryKind.INFO),
        (NIJI, QueryKind.SETTINGS),
        (MJ, QueryKind.SETTINGS),
    ]


def test_a_bot_that_does_not_draw_is_not_asked(db: None) -> None:
    ask.ask_sync(make_account(enable_niji=False), by_hand=True)

    assert {bot for bot, _ in asked()} == {MJ}


def test_what_waits_is_not_asked_twice(account: DiscordAccount) -> None:
    ask.ask_sync(account, by_hand=True)
    ask.ask_sync(account, by_hand=False)

    assert len(asked()) == 4


def test_nobody_is_read_more_than_five_times_an_hour_but_by_hand(
    account: DiscordAccount,
) -> None:
    for minute in range(ask.HOURLY):
        assert ask.ask_sync(account, by_hand=False)
        AccountQuery.objects.filter(state=QueryState.WAITING).update(
            state=QueryState.DONE,
            created_at=timezone.now() - timedelta(minutes=minute),
        )

    assert ask.ask_sync(account, by_hand=False) == []
    assert len(ask.ask_sync(account, by_hand=True)) == 4


def test_an_account_that_was_never_read_is_read_at_once(
    account: DiscordAccount,
) -> None:
    ask.sync_if_due(account.pk)

    assert len(asked()) == 4


def test_what_was_read_of_late_is_not_read_again(account: DiscordAccount) -> None:
    make_session(account)
    ask.ask_sync(account, by_hand=False)
    let_pass(hours=3)

    ask.sync_if_due(account.pk)
    ask.sync_due()

    assert len(asked()) == 4


def test_what_was_read_long_ago_is_read_again(account: DiscordAccount) -> None:
    make_session(account)
    ask.ask_sync(account, by_hand=False)
    let_pass(hours=8)

    ask.sync_due()

    assert len(asked()) == 8


def test_accounts_that_came_together_are_not_read_together(db: None) -> None:
    accounts = [make_account() for _ in range(30)]
    for account in accounts:
        make_session(account)
        ask.ask_sync(account, by_hand=False)
    let_pass(hours=6)

    ask.sync_due()

    due = AccountQuery.objects.filter(state=QueryState.WAITING).values("account")
    assert 0 < due.distinct().count() < 30


def test_a_crowd_that_connects_is_read_a_few_at_a_time(db: None) -> None:
    crowd = [make_account() for _ in range(2 * ask.READING_AT_ONCE + 3)]
    for account in crowd:
        make_session(account)
        ask.sync_if_due(account.pk)

    read: set[int] = set()
    for few in (ask.READING_AT_ONCE, ask.READING_AT_ONCE, 3, 0):
        ask.sync_due()
        ask.sync_due()  # while they are read, nobody else is
        going_on = AccountQuery.objects.exclude(state__in=OVER)
        now = set(going_on.values_list("account_id", flat=True))
        assert len(now) == few
        assert not now & read
        read |= now
        going_on.update(state=QueryState.DONE)
    assert read == {account.pk for account in crowd}


def test_a_person_reads_an_account_whatever_else_is_read(
    account: DiscordAccount,
) -> None:
    for _ in range(ask.READING_AT_ONCE):
        ask.ask_sync(make_account(), by_hand=False)

    ask.sync_if_due(account.pk)
    by_itself = AccountQuery.objects.filter(account=account).count()
    ask.ask_sync(account, by_hand=True)

    assert by_itself == 0
    assert AccountQuery.objects.filter(account=account).count() == 4


def test_who_is_not_connected_is_not_read_by_schedule(account: DiscordAccount) -> None:
    make_session(account, is_live=False)

    ask.sync_due()

    assert asked() == []


def test_a_period_of_zero_reads_by_hand_only(account: DiscordAccount) -> None:
    make_session(account)
    GatewaySettings.objects.update_or_create(pk=1, defaults={"sync_minutes": 0})

    ask.sync_if_due(account.pk)
    ask.sync_due()

    assert asked() == []


def test_old_queries_are_forgotten(account: DiscordAccount) -> None:
    ask.ask_sync(account, by_hand=True)
    let_pass(hours=25)

    ask.forget_old()

    assert asked() == []


@pytest.mark.parametrize("custom_id", ["", "x" * 101, "a\x00b", "a\nb"])
def test_what_is_no_button_is_refused(account: DiscordAccount, custom_id: str) -> None:
    with pytest.raises(InvalidField):
        ask.ask_press(account, MJ, custom_id)


@pytest.mark.parametrize(
    ("bot", "name", "value"),
    [
        (MJ, "imagine", ""),
        (MJ, "", ""),
        (MJ, "relax", "x"),
        (MJ, "prefer suffix", "x" * 1001),
        (MJ, "prefer suffix", "a\x00"),
        ("INSIGHT_FACE", "relax", ""),
        ("", "relax", ""),
    ],
)
def test_what_is_no_command_is_refused(
    account: DiscordAccount, bot: str, name: str, value: str
) -> None:
    with pytest.raises(InvalidField):
        ask.ask_command(account, bot, name, value)
    assert asked() == []
