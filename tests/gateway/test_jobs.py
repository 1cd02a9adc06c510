from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway import jobs
from gateway.lanes import lane
from gateway.models import DispatchLane
from gateway.sending import cancel, dispatch
from tests.gateway.rows import make_running, make_session, make_waiting


@pytest.fixture
def booked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The looks that were put off."""
    found: list[dict[str, Any]] = []

    def apply_async(args: tuple[int], **options: Any) -> None:
        found.append({"args": args, **options})

    monkeypatch.setattr(jobs.dispatch_account, "apply_async", apply_async)
    return found


def test_it_looks_again_when_the_pace_allows(
    account: DiscordAccount,
    booked: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_session(account)
    lane.enter(account.pk)
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 1.23456)

    jobs.dispatch_account(account.pk)
    jobs.dispatch_account(account.pk)  # one look is enough

    assert booked == [{"args": (account.pk,), "countdown": 1.235, "expires": 61.235}]


def test_a_long_rest_is_looked_at_every_minute(
    account: DiscordAccount,
    booked: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_session(account)
    lane.enter(account.pk)
    monkeypatch.setattr(dispatch, "run_lane", lambda _: 3000.0)

    jobs.dispatch_account(account.pk)

    assert booked[0]["countdown"] == 60


def test_without_a_reason_it_does_not_look_again(
    account: DiscordAccount,
    booked: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "run_lane", lambda _: None)

    jobs.dispatch_account(account.pk)

    assert booked == []
    assert not DispatchLane.objects.exists()


def test_the_sweep_nudges_what_nobody_nudged(
    alice: User, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[tuple[str, int]] = []
    monkeypatch.setattr(
        jobs.dispatch_account, "delay", lambda pk: nudged.append(("dispatch", pk))
    )
    monkeypatch.setattr(
        cancel, "press_cancel", lambda pk: nudged.append(("cancel", pk))
    )
    make_session(account)
    make_waiting(alice, account)
    stopping = make_running(
        alice,
        account,
        progress_message_id="1",
        cancel_requested_at=account.created_at,
    )

    jobs.sweep()

    assert nudged == [("dispatch", account.pk), ("cancel", stopping.pk)]
