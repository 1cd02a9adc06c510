"""The table of states: every pair, and what each state means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from accounts import states
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.states import TABLE, Actor, Cause, Standing, may_move

S = AccountState
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(days=1)
ROUTINE = {S.CONNECTING, S.READY, S.DISCONNECTED}
# From the lightest to the heaviest; what has an end is lighter than what has none.
ORDER = [
    Standing(S.RESTING, SOON),
    Standing(S.BLOCKED, SOON),
    Standing(S.BLOCKED, LATER),
    Standing(S.VERIFICATION),
    Standing(S.NO_SUBSCRIPTION),
    Standing(S.PAUSED),
    Standing(S.BLOCKED),
    Standing(S.INVALID_TOKEN),
]
EVERY = [*(Standing(state) for state in sorted(ROUTINE)), *ORDER, Standing(S.DISABLED)]
PAIRS = list(product(EVERY, EVERY))


def test_every_state_stands_in_the_table() -> None:
    assert set(TABLE) == set(AccountState)
    assert {standing.state for standing in EVERY} == set(AccountState)


@pytest.mark.parametrize(("now", "then"), PAIRS)
def test_a_connection_comes_and_goes_only_where_nothing_weighs_more(
    now: Standing, then: Standing
) -> None:
    fits = now.state in ROUTINE and then.state in ROUTINE and now != then

    assert may_move(Cause.GATEWAY, now, then, NOW) is fits


@pytest.mark.parametrize(("now", "then"), PAIRS)
def test_a_trouble_takes_the_place_of_a_lighter_one(
    now: Standing, then: Standing
) -> None:
    is_trouble = then in ORDER and then.state != S.RESTING
    place = ORDER.index(now) if now in ORDER else -1
    fits = now.state != S.DISABLED and is_trouble and ORDER.index(then) > place

    assert may_move(Cause.TROUBLE, now, then, NOW) is fits


@pytest.mark.parametrize(("now", "then"), PAIRS)
def test_only_a_working_account_goes_to_rest(now: Standing, then: Standing) -> None:
    fits = now.state in ROUTINE and then.state == S.RESTING

    assert may_move(Cause.HOURS, now, then, NOW) is fits


@pytest.mark.parametrize("moment", [NOW, SOON, LATER])
@pytest.mark.parametrize(("now", "then"), PAIRS)
def test_what_has_an_end_ends_by_itself_and_then_only(
    now: Standing, then: Standing, moment: datetime
) -> None:
    over = now.until is not None and now.until <= moment
    fits = over and then.state in {S.CONNECTING, S.RESTING} and now != then

    assert may_move(Cause.END, now, then, moment) is fits


@pytest.mark.parametrize(("now", "then"), PAIRS)
def test_a_person_may_end_everything(now: Standing, then: Standing) -> None:
    fits = then.state in {S.CONNECTING, S.RESTING, S.DISABLED} and now != then

    assert may_move(Cause.PERSON, now, then, NOW) is fits


@pytest.mark.parametrize("state", AccountState)
def test_from_every_state_there_is_a_way_back(state: AccountState) -> None:
    back = Standing(S.CONNECTING)
    if state == S.CONNECTING:
        assert may_move(Cause.GATEWAY, Standing(state), Standing(S.READY), NOW)
    else:
        assert may_move(Cause.PERSON, Standing(state), back, NOW)


@pytest.mark.parametrize("state", AccountState)
def test_only_what_waits_for_a_person_calls_one(state: AccountState) -> None:
    troubles = set(AccountState) - ROUTINE - {S.RESTING, S.DISABLED}

    assert (Standing(state).actor is Actor.OPERATOR) is (state in troubles)
    assert Standing(state, SOON).actor is Actor.TIME


@pytest.mark.parametrize("state", AccountState)
def test_tasks_are_given_only_to_what_keeps_them(state: AccountState) -> None:
    row = TABLE[state]

    assert row.takes_new is (state in ROUTINE)
    assert row.has_socket or not row.takes_new


@pytest.mark.parametrize(
    ("now", "then", "lasted", "told"),
    [
        (S.READY, S.DISCONNECTED, timedelta(hours=1), False),
        (S.DISCONNECTED, S.READY, timedelta(seconds=59), False),
        (S.DISCONNECTED, S.READY, timedelta(minutes=1), True),
        (S.CONNECTING, S.READY, timedelta(seconds=2), False),
        (S.READY, S.PAUSED, timedelta(0), True),
        (S.PAUSED, S.CONNECTING, timedelta(0), True),
        (S.BLOCKED, S.BLOCKED, timedelta(0), True),
    ],
)
def test_flapping_is_no_history(
    now: AccountState, then: AccountState, lasted: timedelta, told: bool
) -> None:
    assert states.is_history(now, then, NOW - lasted, NOW) is told


@pytest.mark.parametrize("until", [None, SOON])
@pytest.mark.parametrize("state", AccountState)
def test_people_are_told_in_both_languages(
    state: AccountState, until: datetime | None
) -> None:
    account = DiscordAccount(state=state, resume_at=until)

    for words in (states.next_step(account), states.who_must_act(account)):
        chinese, english = words.split(" / ")
        assert english.isascii()
        assert not chinese.isascii()
    assert ("13:00 UTC" in states.next_step(account)) is bool(until)


def test_the_lock_is_the_verification() -> None:
    locked = [s for s in AccountState if states.is_locked(DiscordAccount(state=s))]

    assert locked == [S.VERIFICATION]
