"""The database goes away between a claim and the word of what became of it.

Only the process that claimed knows that nothing was posted, or what Discord answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway import timing
from gateway.discord import clients, index_reader
from gateway.enums import QueryState
from gateway.events.handlers import Recipient
from gateway.lanes import lane
from gateway.models import AccountQuery
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import (
    dispatch,
    errands,
    outcomes,
    posting,
    queries,
    window_answers,
)
from mjproxy.lib.process import backoff, event_loop
from tasks.enums import ErrandKind, ErrandState, TaskStatus, WindowState
from tasks.errands import send_on
from tasks.models import Errand, Task
from tests.factories import make_finished
from tests.gateway.fakes import FakeHttp
from tests.gateway.query_rows import make_live, make_query
from tests.gateway.rows import again, make_waiting
from tests.gateway.windows import answered, opened, press

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "the database did not answer within 4 s"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "delay", lambda *_, **__: 0.0)


class Away:
    """A function whose first calls meet a database that is away."""

    def __init__(self, real: Callable[..., Any], times: int = 1) -> None:
        self.real, self.left = real, times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OperationalError(SAID)
        return self.real(*args, **kwargs)


class Unanswered(Away):
    """A function that does its work, but the first answers are lost."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        done = self.real(*args, **kwargs)
        if self.left:
            self.left -= 1
            raise OperationalError(SAID)
        return done


# --- writing what became of a post ---------------------------------------------------


async def test_what_is_known_is_written_when_the_database_is_back() -> None:
    written: list[str] = []

    await outcomes.keep(Away(written.append, 3), "taken")

    assert written == ["taken"]


async def test_an_error_of_another_kind_is_not_repeated() -> None:
    calls: list[int] = []

    def breaks() -> None:
        calls.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await outcomes.keep(breaks)

    assert calls == [1]


async def test_it_ends_when_others_judge_the_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "REQUEST_LIFE", -timing.CLAIM)
    written: list[str] = []

    with pytest.raises(OperationalError):
        await outcomes.keep(Away(written.append), "too late")

    assert written == []


# --- tasks ---------------------------------------------------------------------------


def test_a_claim_whose_client_cannot_be_read_waits_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "client_of", Away(clients.client_of))
    monkeypatch.setattr(dispatch, "_not_sent", Away(dispatch._not_sent, 2))
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    assert http.bodies == []
    assert (again(task).status, again(task).nonce) == (TaskStatus.NOT_START, None)


def test_a_claim_that_cannot_be_renewed_waits_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "LATE_POST", -1.0)
    monkeypatch.setattr(dispatch, "_renew", Away(dispatch._renew))
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    assert http.bodies == []
    assert again(task).status == TaskStatus.NOT_START


def test_a_claim_whose_commit_was_not_answered_waits_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch._Posting, "start", lambda _: None)
    monkeypatch.setattr(dispatch, "_claim", Unanswered(dispatch._claim))
    task = make_waiting(alice, live)

    with pytest.raises(OperationalError):
        dispatch.run_lane(live.pk)

    assert http.bodies == []
    assert again(task).status == TaskStatus.NOT_START


def test_a_claim_that_is_posted_never_waits_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_claim", Unanswered(dispatch._claim))
    task = make_waiting(alice, live)

    with pytest.raises(OperationalError):
        dispatch.run_lane(live.pk)

    assert len(http.bodies) == 1
    assert again(task).status == TaskStatus.SUBMITTED


def test_an_answer_of_discord_is_written_once_the_database_is_back(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    http.answers = [Answer(Verdict.LATER, reason="wait", retry_after=1.0)]
    monkeypatch.setattr(dispatch, "settle", Away(dispatch.settle, 2))
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    assert len(http.bodies) == 1
    assert again(task).status == TaskStatus.NOT_START


@pytest.mark.parametrize("stays_away", [True, False])
def test_a_command_that_cannot_be_compared_is_not_refused(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    stays_away: bool,
) -> None:
    http.answers = [Answer(Verdict.STALE, "Discord 400: old version", status=400)]
    away = Away(index_reader.refresh, int(stays_away))
    monkeypatch.setattr(posting, "refresh", away)
    task = make_waiting(alice, live)

    dispatch.run_lane(live.pk)

    status = TaskStatus.NOT_START if stays_away else TaskStatus.FAILURE
    assert again(task).status == status


# --- windows -------------------------------------------------------------------------


@pytest.fixture
def pressed(alice: User, live: DiscordAccount, recipient: Recipient) -> Task:
    task = press(alice, live)
    opened(recipient, task)
    return task


@pytest.mark.parametrize("away", ["client_of", "_renew", "keep_pace"])
def test_a_window_whose_answer_was_not_posted_stays_open(
    pressed: Task, http: FakeHttp, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    monkeypatch.setattr(timing, "LATE_POST", -1.0)
    owners: dict[str, Any] = {
        "client_of": clients,
        "_renew": window_answers,
        "keep_pace": lane,
    }
    monkeypatch.setattr(owners[away], away, Away(getattr(owners[away], away)))
    monkeypatch.setattr(window_answers, "_not_sent", Away(window_answers._not_sent))

    task = answered(pressed)

    assert http.bodies == []
    assert (task.status, task.window) == (TaskStatus.SUBMITTED, WindowState.OPEN)


def test_an_answer_of_another_worker_is_left_alone(pressed: Task) -> None:
    claimed = window_answers._claim(pressed.pk)
    assert claimed is not None

    window_answers._not_sent(claimed, Q(claimed_at=timezone.now()))

    assert again(pressed).window == WindowState.ANSWERED


def test_a_refused_window_ends_when_the_database_is_back(
    pressed: Task, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers = [Answer(Verdict.REFUSED, "Discord 413", status=413)]
    monkeypatch.setattr(window_answers, "settle", Away(window_answers.settle, 2))

    assert answered(pressed).status == TaskStatus.FAILURE


# --- errands -------------------------------------------------------------------------


@pytest.fixture
def errand(alice: User, live: DiscordAccount) -> Errand:
    task = make_finished(alice, account=live)
    facts: dict[str, Any] = {"task": task, "custom_id": "MJ::BOOKMARK::1"}
    return send_on(ErrandKind.PRESS, owner=alice, account=live, **facts)


@pytest.mark.parametrize("kind", [Away, Unanswered])
def test_a_press_that_was_not_posted_may_be_pressed(
    errand: Errand, http: FakeHttp, monkeypatch: pytest.MonkeyPatch, kind: type[Away]
) -> None:
    monkeypatch.setattr(errands, "_note_nonce", kind(errands._note_nonce))
    monkeypatch.setattr(errands, "_not_sent", Away(errands._not_sent))

    event_loop.run(errands.run(errand.pk))

    errand.refresh_from_db()
    assert (http.bodies, errand.nonce) == ([], None)
    Errand.objects.update(claimed_until=None)
    event_loop.run(errands.run(errand.pk))
    assert len(http.bodies) == 1


def test_a_refused_press_ends_when_the_database_is_back(
    errand: Errand, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers = [Answer(Verdict.REFUSED, "Discord 404")]
    monkeypatch.setattr(errands, "settle", Away(errands.settle, 2))

    event_loop.run(errands.run(errand.pk))

    errand.refresh_from_db()
    assert errand.state == ErrandState.FAILED


# --- queries -------------------------------------------------------------------------


@pytest.fixture
def query(account: DiscordAccount) -> AccountQuery:
    return make_query(make_live(account))


@pytest.mark.parametrize("away", ["client_of", "_renew"])
def test_a_query_that_was_not_posted_waits_again(
    query: AccountQuery,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    away: str,
) -> None:
    monkeypatch.setattr(timing, "LATE_POST", -1.0)
    owner: Any = clients if away == "client_of" else queries
    monkeypatch.setattr(owner, away, Away(getattr(owner, away)))
    monkeypatch.setattr(queries, "enqueue_query", lambda _: None)

    queries.run_next(query.account_id)

    query.refresh_from_db()
    assert http.bodies == []
    assert (query.state, query.attempts) == (QueryState.WAITING, 0)


def test_a_refused_query_ends_when_the_database_is_back(
    query: AccountQuery, http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers = [Answer(Verdict.REFUSED, "Discord 403")]
    monkeypatch.setattr(queries, "settle", Away(queries.settle, 2))

    queries.run_next(query.account_id)

    query.refresh_from_db()
    assert (query.state, query.error) == (QueryState.FAILED, "Discord 403")
