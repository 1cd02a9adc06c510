from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway import jobs, nudges
from gateway.lanes import lane
from gateway.models import DispatchLane
from gateway.sending import dispatch
from mjproxy.lib.process import event_loop
from tests.gateway.rows import make_running, make_session, make_waiting


@pytest.fixture
def booked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The looks that were put off."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(event_loop, "later", lambda *args: found.append(args))
    return found


def test_it_looks_again_when_the_pace_allows(
    account: DiscordAccount,
    booked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_session(account)
    lane.make(account.pk)
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 1.23456)

    jobs.dispatch_account(account.pk)
    jobs.dispatch_account(account.pk)  # one look is enough

    assert booked == [(1.23456, nudges.enqueue_dispatch, account.pk)]


def test_a_long_rest_is_looked_at_every_minute(
    account: DiscordAccount,
    booked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_session(account)
    lane.make(account.pk)
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 3000.0)

    jobs.dispatch_account(account.pk)

    assert booked[0][0] == 60


def test_without_a_reason_it_does_not_look_again(
    account: DiscordAccount,
    booked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "run_lane", lambda _: None)

    jobs.dispatch_account(account.pk)

    assert booked == []
    assert not DispatchLane.objects.exists()


def test_the_sweep_nudges_what_nobody_nudged(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[tuple[Any, ...]] = []
    monkeypatch.setattr(nudges, "nudge", lambda *words: nudged.append(words))
    make_session(account)
    make_waiting(alice, account)
    stopping = make_running(
        alice,
        account,
        progress_message_id="1",
        cancel_requested_at=account.created_at,
    )

    jobs.sweep()

    assert nudged == [
        ("gateway.dispatch_account", account.pk),
        ("gateway.press_cancel", stopping.pk),
    ]


def test_a_booked_look_comes_as_a_nudge(
    account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(nudges, "nudge", lambda *words: came.put(words))
    make_session(account)
    lane.make(account.pk)
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 0.01)

    jobs.dispatch_account(account.pk)

    assert came.get(timeout=20) == ("gateway.dispatch_account", account.pk)
