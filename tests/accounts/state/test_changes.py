from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.editing.save import save_account, set_enabled
from accounts.enums import AccountState
from accounts.models import AccountEvent, DiscordAccount
from accounts.signals import account_changed
from accounts.state import changes
from accounts.state.moves import LONGEST_REASON
from tests.factories import make_account

S = AccountState
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SOON, LATE = NOW + timedelta(hours=1), NOW + timedelta(days=1)
OFFICE = "09:00-17:00"


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as found:
        yield found


def stand(account: DiscordAccount) -> tuple[str, datetime | None]:
    account.refresh_from_db()
    return account.state, account.resume_at


def history(account: DiscordAccount) -> list[tuple[str, str, str]]:
    rows = AccountEvent.objects.filter(account=account).order_by("pk")
    return list(rows.values_list("from_state", "to_state", "by"))


# --- the connection ------------------------------------------------------------------


def test_the_same_state_again_is_no_news(account: DiscordAccount) -> None:
    assert changes.set_state(account.pk, S.READY) is False
    assert changes.set_state(account.pk, S.DISCONNECTED, "cut") is True
    assert stand(account) == (S.DISCONNECTED, None)
    assert account.state_reason == "cut"


@pytest.mark.parametrize(
    "state", sorted(set(S) - {S.READY, S.CONNECTING, S.DISCONNECTED})
)
def test_a_connection_ends_nothing_that_weighs_more(
    db: None, state: AccountState
) -> None:
    account = make_account(state=state, state_reason="look at it")

    assert changes.set_state(account.pk, S.READY) is False
    assert changes.set_state(account.pk, S.DISCONNECTED) is False
    assert stand(account)[0] == state


def test_what_is_gone_moves_nowhere(db: None) -> None:
    assert changes.set_state(4711, S.READY) is False
    assert changes.trouble(4711, S.PAUSED, "why") is False


def test_flapping_writes_no_history(account: DiscordAccount) -> None:
    for _ in range(5):
        changes.set_state(account.pk, S.DISCONNECTED)
        changes.set_state(account.pk, S.READY)

    assert history(account) == []


def test_a_long_loss_is_told_when_it_is_over(
    account: DiscordAccount, clock: time_machine.Coordinates
) -> None:
    changes.set_state(account.pk, S.DISCONNECTED)
    clock.shift(timedelta(minutes=2))

    changes.set_state(account.pk, S.READY)

    assert history(account) == [(S.DISCONNECTED, S.READY, "")]


# --- troubles ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "end"),
    [
        (None, SOON, None),
        (SOON, None, None),
        (SOON, LATE, LATE),
        (LATE, SOON, LATE),
        (SOON, SOON, SOON),
    ],
)
def test_of_two_blocks_the_longer_one_holds(
    account: DiscordAccount,
    first: datetime | None,
    second: datetime | None,
    end: datetime | None,
) -> None:
    is_longer = first != second == end

    assert changes.trouble(account.pk, S.BLOCKED, "first", first) is True
    assert changes.trouble(account.pk, S.BLOCKED, "second", second) is is_longer

    assert stand(account) == (S.BLOCKED, end)
    assert account.state_reason == ("second" if is_longer else "first")


def test_an_account_that_is_off_has_no_troubles(db: None) -> None:
    account = make_account(enabled=False, state=S.DISABLED)

    assert changes.trouble(account.pk, S.INVALID_TOKEN, "why") is False
    assert history(account) == []


def test_a_dead_token_ends_a_block(account: DiscordAccount) -> None:
    changes.trouble(account.pk, S.BLOCKED, "why", SOON)

    changes.trouble(account.pk, S.INVALID_TOKEN, "dead")

    assert stand(account) == (S.INVALID_TOKEN, None)


def test_a_long_reason_is_cut(account: DiscordAccount) -> None:
    changes.trouble(account.pk, S.PAUSED, "x" * 5000)

    account.refresh_from_db()
    assert len(account.state_reason) == LONGEST_REASON
    assert len(AccountEvent.objects.get().reason) == LONGEST_REASON


def test_a_reason_changes_only_where_its_state_lasts(account: DiscordAccount) -> None:
    assert changes.update_reason(account.pk, S.VERIFICATION, "expired") is False
    changes.trouble(account.pk, S.VERIFICATION, "captcha")

    assert changes.update_reason(account.pk, S.VERIFICATION, "expired") is True

    account.refresh_from_db()
    assert account.state_reason == "expired"


# --- ends ----------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
def test_what_is_over_ends_by_itself(db: None) -> None:
    account = make_account(state=S.BLOCKED, resume_at=NOW, state_reason="x")
    later = make_account(state=S.BLOCKED, resume_at=SOON)
    endless = make_account(state=S.BLOCKED)
    off = make_account(state=S.BLOCKED, resume_at=NOW, enabled=False)

    changes.resume_due()

    assert stand(account) == (S.CONNECTING, None)
    assert (account.state_reason, account.revision) == ("", 1)  # it connects anew
    assert [stand(row)[0] for row in (later, endless, off)] == [S.BLOCKED] * 3


def test_a_persons_help_ends_only_what_it_was_for(account: DiscordAccount) -> None:
    changes.trouble(account.pk, S.VERIFICATION, "captcha")
    changes.trouble(account.pk, S.PAUSED, "a moderator")

    assert changes.release(account.pk, S.VERIFICATION, by="olga") is False
    assert changes.release(account.pk, S.PAUSED, by="olga") is True

    assert stand(account) == (S.CONNECTING, None)
    assert history(account) == [
        (S.READY, S.VERIFICATION, ""),
        (S.VERIFICATION, S.PAUSED, ""),
        (S.PAUSED, S.CONNECTING, "olga"),
    ]


@pytest.mark.parametrize("state", sorted(set(S) - {S.READY, S.DISCONNECTED}))
def test_an_edit_ends_every_trouble(db: None, state: AccountState) -> None:
    account = make_account(state=state, state_reason="look at it")

    save_account(account, by="olga")

    assert stand(account) == (S.CONNECTING, None)
    moved = [(state, S.CONNECTING, "olga")] if state != S.CONNECTING else []
    assert history(account) == moved


@pytest.mark.parametrize("state", [S.READY, S.DISCONNECTED])
def test_an_edit_leaves_a_connection_as_it_is(db: None, state: AccountState) -> None:
    account = make_account(state=state)

    save_account(account)

    assert stand(account) == (state, None)


@pytest.mark.parametrize("state", sorted(set(S) - {S.DISABLED}))
def test_a_person_switches_everything_off_and_on(db: None, state: S) -> None:
    account = make_account(state=state)

    set_enabled(account, enabled=False, by="olga")
    assert stand(account) == (S.DISABLED, None)
    assert changes.set_state(account.pk, S.READY) is False
    set_enabled(account, enabled=True, by="olga")

    assert stand(account) == (S.CONNECTING, None)


def test_an_edit_does_not_bring_back_what_it_has_read(account: DiscordAccount) -> None:
    stale = DiscordAccount.objects.get(pk=account.pk)
    changes.trouble(account.pk, S.BLOCKED, "why", timezone.now() + timedelta(hours=1))
    DiscordAccount.objects.update(day_draw_count=7, notice_id=9)
    stale.enabled = False

    save_account(stale)

    assert stand(account) == (S.DISABLED, None)
    assert (account.day_draw_count, account.notice_id) == (7, 9)


# --- work hours ----------------------------------------------------------------------


def at(hour: int, minute: int = 0) -> datetime:
    local = timezone.localtime(NOW)
    return local.replace(hour=hour, minute=minute)


@pytest.fixture
def evening(clock: time_machine.Coordinates) -> time_machine.Coordinates:
    clock.move_to(at(17, 1))
    return clock


@pytest.mark.usefixtures("evening")
@pytest.mark.parametrize("state", [S.READY, S.CONNECTING, S.DISCONNECTED])
def test_after_its_hours_an_account_rests(db: None, state: AccountState) -> None:
    account = make_account(state=state, work_time=OFFICE)
    others = [make_account(), make_account(work_time="16:00-23:00")]

    changes.follow_work_hours()

    assert stand(account) == (S.RESTING, at(9) + timedelta(days=1))
    assert "outside its work hours" in account.state_reason
    assert [stand(other)[0] for other in others] == [S.READY] * 2


@pytest.mark.usefixtures("evening")
@pytest.mark.parametrize("state", [S.PAUSED, S.INVALID_TOKEN, S.VERIFICATION])
def test_a_trouble_is_not_hidden_by_the_night(db: None, state: AccountState) -> None:
    account = make_account(state=state, work_time=OFFICE)

    changes.follow_work_hours()

    assert stand(account) == (state, None)


def test_it_comes_back_at_the_hour(
    account: DiscordAccount, evening: time_machine.Coordinates
) -> None:
    DiscordAccount.objects.update(work_time=OFFICE)
    changes.follow_work_hours()

    evening.move_to(at(8, 59) + timedelta(days=1))
    changes.resume_due()
    assert stand(account)[0] == S.RESTING
    evening.move_to(at(9) + timedelta(days=1))
    changes.resume_due()
    changes.follow_work_hours()

    assert stand(account) == (S.CONNECTING, None)
    assert [row[:2] for row in history(account)] == [
        (S.READY, S.RESTING),
        (S.RESTING, S.CONNECTING),
    ]


@pytest.mark.usefixtures("evening")
def test_a_block_that_ends_at_night_becomes_a_rest(db: None) -> None:
    over = timezone.now()
    account = make_account(state=S.BLOCKED, resume_at=over, work_time=OFFICE)

    changes.resume_due()

    assert stand(account) == (S.RESTING, at(9) + timedelta(days=1))


@pytest.mark.usefixtures("evening")
def test_other_hours_hold_at_once(db: None) -> None:
    account = make_account(work_time=OFFICE)

    save_account(account)
    assert stand(account)[0] == S.RESTING
    account.work_time = "20:00-21:00"
    save_account(account)
    assert stand(account) == (S.RESTING, at(20))
    account.work_time = ""
    save_account(account)

    assert stand(account) == (S.CONNECTING, None)


@pytest.mark.usefixtures("evening")
@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, S.RESTING),
        ({"work_time": "16:00-23:00"}, S.CONNECTING),
        ({"enabled": False}, S.DISABLED),
    ],
)
def test_a_new_account_begins_where_it_belongs(
    db: None, fields: dict[str, Any], state: AccountState
) -> None:
    ids = {"guild_id": "1118138338562560101", "channel_id": "1118138338562560102"}
    row = DiscordAccount(**ids, user_token="t", **({"work_time": OFFICE} | fields))

    save_account(row)

    assert stand(row)[0] == state


@pytest.mark.usefixtures("evening")
def test_malformed_hours_stop_nobody(db: None) -> None:
    odd = make_account(work_time="25:00-9")
    other = make_account(work_time=OFFICE)

    changes.follow_work_hours()

    assert (stand(odd)[0], stand(other)[0]) == (S.READY, S.RESTING)


# --- at once -------------------------------------------------------------------------


def test_news_is_told_once_and_after_the_commit(
    account: DiscordAccount, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[int] = []

    def hear(account_id: int, **kwargs: Any) -> None:
        heard.append(account_id)

    account_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(3):
                changes.trouble(account.pk, S.PAUSED, "why")
            assert heard == []
    finally:
        account_changed.disconnect(hear)

    assert heard == [account.pk]


@pytest.mark.django_db(transaction=True)
def test_of_many_movers_the_heaviest_wins_and_each_move_is_told() -> None:
    account = make_account()
    states = [S.VERIFICATION, S.NO_SUBSCRIPTION, S.PAUSED, S.BLOCKED, S.INVALID_TOKEN]
    meeting = threading.Barrier(len(states) + 1)

    def move(state: AccountState | None) -> None:
        meeting.wait(20)
        if state:
            changes.trouble(account.pk, state, "why")
        else:
            changes.set_state(account.pk, S.DISCONNECTED)
        connection.close()

    movers = [threading.Thread(target=move, args=(s,)) for s in (*states, None)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(30)

    assert stand(account) == (S.INVALID_TOKEN, None)
    told = history(account)
    froms, tos = [row[0] for row in told], [row[1] for row in told]
    assert froms[1:] == tos[:-1]  # a chain without a gap
    assert tos[-1] == S.INVALID_TOKEN
