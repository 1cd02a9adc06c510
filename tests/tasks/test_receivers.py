from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tasks import receivers
from tasks.enums import TaskStatus
from tasks.models import DrawingSettings
from tasks.services import advance
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)
SOURCE = "https://cdn.discordapp.com/a.png"


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []

    def nudge(job: str, task_id: int, *, hurry: bool = True) -> None:
        found.append((job, task_id))
        hurried.append(hurry)

    hurried.clear()
    monkeypatch.setattr(receivers, "nudge", nudge)
    return found


hurried: list[bool] = []  # of each nudge


def test_only_the_end_is_told_to_the_hook_in_a_hurry(
    alice: User, nudged: list[Any]
) -> None:
    task = make_task(alice, notify_hook="http://hook.example/")

    advance(task.pk, TaskStatus.SUBMITTED)
    advance(task.pk, TaskStatus.IN_PROGRESS, progress=10)
    advance(task.pk, TaskStatus.FAILURE)

    assert hurried == [False, False, True]


def test_a_change_nudges_the_hook(alice: User, nudged: list[Any]) -> None:
    task = make_task(alice, notify_hook="http://hook.example/")

    advance(task.pk, TaskStatus.SUBMITTED)

    assert nudged == [("tasks.deliver_task", task.pk)]


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

    assert nudged == ([("tasks.keep_picture", task.pk)] if keep else [])
