"""Another writes the lane, or the task, between a sender's look and its claim."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from gateway.lanes import lane, next_task
from gateway.lanes.next_task import Found, UserSessions
from gateway.lanes.turns import Turns
from gateway.sending import dispatch
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway.fakes import FakeHttp
from tests.gateway.rows import again, make_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stale_sender_claims_nothing(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    task = make_waiting(alice, live)
    sessions = next_task.sessions_of(live.pk)
    assert sessions is not None
    lane.rest(live.pk, timezone.now() + timedelta(hours=1))

    with pytest.raises(lane.Changed):
        dispatch._send(sessions.lane, sessions.able[live.pk], Found(task, Turns()))

    assert again(task).status == TaskStatus.NOT_START
    assert http.bodies == []


def test_a_sender_that_was_overtaken_looks_again(
    alice: User,
    live: DiscordAccount,
    http: FakeHttp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    DiscordAccount.objects.update(core_size=1)
    tasks = [make_waiting(alice, live, f"number {n}") for n in range(2)]
    real = next_task.next_task

    def overtaken(sessions: UserSessions, turns: Turns) -> Found | None:
        found = real(sessions, turns)
        monkeypatch.setattr(next_task, "next_task", real)
        dispatch.run_lane(live.pk)  # another sender, between look and claim
        return found

    monkeypatch.setattr(next_task, "next_task", overtaken)

    dispatch.run_lane(live.pk)

    assert http.nonces == [again(tasks[0]).nonce]
    assert again(tasks[1]).status == TaskStatus.NOT_START


def test_a_task_that_was_cancelled_meanwhile_takes_no_turn(
    alice: User, live: DiscordAccount, http: FakeHttp
) -> None:
    DiscordAccount.objects.update(interval=50)
    task = make_waiting(alice, live)
    sessions = next_task.sessions_of(live.pk)
    assert sessions is not None
    Task.objects.filter(pk=task.pk).update(status=TaskStatus.FAILURE)

    found = Found(task, Turns(1))
    assert dispatch._send(sessions.lane, sessions.able[live.pk], found) is None

    assert next_task.sessions_of(live.pk) == sessions
    assert http.bodies == []
