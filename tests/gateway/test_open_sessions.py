"""No post is made for an account whose socket is gone, at any moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway import leases
from gateway.lanes import next_task
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.sending import (
    cancel,
    dispatch,
    errands,
    posting,
    queries,
    session,
    window_answers,
)
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop
from tasks.enums import ErrandKind, TaskStatus, WindowState
from tasks.errands import send_on
from tasks.models import Task
from tasks.waiting.reason import NOT_CONNECTED, waiting_of
from tests.factories import make_finished
from tests.gateway.fakes import ACCEPTED, FakeHttp
from tests.gateway.query_rows import make_query
from tests.gateway.rows import (
    again,
    make_running,
    make_waiting,
)
from tests.gateway.wire import JOB

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[], object]
Act = Callable[[User, DiscordAccount], object]


def _sessions(**facts: Any) -> Change:
    return lambda: GatewaySession.objects.update(**facts)


def _renewed_last(ago: timedelta) -> Change:
    def change() -> None:
        renewed = timezone.now() - ago
        GatewaySession.objects.update(lease_until=renewed + leases.LEASE)

    return change


GONE: dict[str, Change] = {
    "its socket was closed": _sessions(is_live=False),
    "another session was begun": _sessions(session_id="0ther"),
    "its process has died": _renewed_last(leases.FRESH + timedelta(seconds=0.1)),
    "its lease was given back": _sessions(holder="", lease_until=None),
    "its account was edited": lambda: DiscordAccount.objects.update(
        revision=F("revision") + 1
    ),
}


def _dispatch(alice: User, account: DiscordAccount) -> None:
    make_waiting(alice, account)
    dispatch.run_lane(account.pk)


def _answer_window(alice: User, account: DiscordAccount) -> None:
    task = make_running(
        alice,
        account,
        window=WindowState.OPEN,
        window_id="MJ::RemixModal::1",
        interaction_id="1311111111111114001",
    )
    event_loop.run(window_answers.answer(task.pk))


def _press(alice: User, account: DiscordAccount) -> None:
    task = make_finished(alice, account=account)
    errand = send_on(
        ErrandKind.PRESS,
        owner=alice,
        account=account,
        task=task,
        custom_id="MJ::BOOKMARK::5c0ffee0-1234-4abc-8def-0123456789ab",
    )
    event_loop.run(errands.run(errand.pk))


def _ask(alice: User, account: DiscordAccount) -> None:
    make_query(account, target="imagine")
    queries.run_next(account.pk)


def _cancel(alice: User, account: DiscordAccount) -> None:
    task = make_running(
        alice,
        account,
        status=TaskStatus.IN_PROGRESS,
        job_id=JOB,
        progress_message_id="1311111111111115001",
        cancel_requested_at=timezone.now(),
    )
    cancel.press_cancel(task.pk)


ACTS: dict[str, tuple[Any, Act]] = {
    "a drawing": (next_task, _dispatch),
    "a window's answer": (session, _answer_window),
    "a press": (session, _press),
    "a question": (session, _ask),
    "a cancel": (session, _cancel),
}


@pytest.mark.parametrize("act", ACTS)
def test_each_kind_of_post_leaves_while_the_socket_is_open(
    alice: User, live: DiscordAccount, http: FakeHttp, act: str
) -> None:
    ACTS[act][1](alice, live)

    assert len(http.bodies) == 1


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("act", ACTS)
def test_none_is_posted_once_the_socket_has_gone(
    alice: User, live: DiscordAccount, http: FakeHttp, act: str, gone: str
) -> None:
    if gone != "another session was begun":  # that is seen by the claim alone
        GONE[gone]()

        ACTS[act][1](alice, live)

        assert http.bodies == []


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("act", ACTS)
def test_none_is_posted_where_the_socket_goes_between_the_look_and_the_claim(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    gone: str,
) -> None:
    module, do = ACTS[act]
    real = module.is_open

    def is_open(session: GatewaySession) -> bool:
        found: bool = real(session)
        GONE[gone]()
        return found

    monkeypatch.setattr(module, "is_open", is_open)

    do(alice, live)

    assert http.bodies == []


@pytest.mark.parametrize("act", ["a press", "a question", "a cancel"])
def test_a_stale_command_is_not_posted_again_for_a_socket_that_has_gone(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
) -> None:
    """While the command index is read anew, the socket may go."""
    http.answers = [Answer(Verdict.STALE, "stale"), ACCEPTED]

    async def newer(_: Any, __: Any, body: dict[str, Any]) -> dict[str, Any]:
        await in_thread(GONE["its socket was closed"])
        return dict(body["data"])

    monkeypatch.setattr(posting, "_newer", newer)

    ACTS[act][1](alice, live)

    assert len(http.bodies) == 1


def test_a_task_that_waits_for_a_socket_counts_no_try_and_says_why(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_waiting(alice, live)
    real = ACTS["a drawing"][0].is_open

    def is_open(session: GatewaySession) -> bool:
        found: bool = real(session)
        GONE["its process has died"]()
        return found

    monkeypatch.setattr(next_task, "is_open", is_open)

    dispatch.run_lane(live.pk)

    row = Task.objects.select_related("account").get(pk=task.pk)
    assert (row.status, row.attempts, row.nonce) == (TaskStatus.NOT_START, 0, None)
    assert waiting_of([row])[task.pk].reason == NOT_CONNECTED


def test_it_is_sent_once_the_holder_has_renewed(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    GONE["its process has died"]()
    task = make_waiting(alice, live)
    dispatch.run_lane(live.pk)
    assert http.bodies == []

    leases.renew("gateway-1")
    dispatch.run_lane(live.pk)

    assert again(task).nonce == http.bodies[0]["nonce"]
