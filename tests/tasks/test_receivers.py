from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from accounts.models import User
from mjproxy.lib.process import nudge
from tasks import receivers
from tasks.enums import TaskStatus
from tasks.jobs import deliver_task, keep_picture
from tasks.models import DrawingSettings
from tasks.services import advance
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)
SOURCE = "https://cdn.discordapp.com/a.png"


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    monkeypatch.setattr(
        receivers, "nudge", lambda job, task_id: found.append((job, task_id))
    )
    return found


def test_a_change_nudges_the_hook(alice: User, nudged: list[Any]) -> None:
    task = make_task(alice, notify_hook="http://hook.example/")

    advance(task.pk, TaskStatus.SUBMITTED)

    assert nudged == [(deliver_task.name, task.pk)]


def test_without_a_hook_nothing_is_nudged(alice: User, nudged: list[Any]) -> None:
    advance(make_task(alice).pk, TaskStatus.SUBMITTED)

    assert nudged == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_finished_picture_is_kept_where_wanted(
    alice: User, nudged: list[Any], *, keep: bool
) -> None:
    DrawingSettings.objects.create(keep_pictures=keep)
    task = make_task(alice, status=TaskStatus.SUBMITTED)

    advance(task.pk, TaskStatus.SUCCESS, picture_source=SOURCE)

    assert nudged == ([(keep_picture.name, task.pk)] if keep else [])


def test_a_missing_broker_is_not_asked_at_once_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def away(name: str, args: Any, **kwargs: Any) -> None:
        asked.append((name, args))
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    monkeypatch.setattr(nudge, "_away_until", 0.0)

    assert nudge.send("a.job", 1) is False
    assert nudge.send("a.job", 2) is False

    assert asked == [("a.job", (1,))]


def test_a_nudge_is_sent_by_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: SimpleQueue[tuple[str, int]] = SimpleQueue()
    monkeypatch.setattr(nudge, "send", lambda job, pk: sent.put((job, pk)))

    nudge.nudge("a.job", 7)

    assert sent.get(timeout=10) == ("a.job", 7)
