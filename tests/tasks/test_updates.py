"""Compiled UPDATEs write what the plain ones write."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from tasks import updates
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.factories import make_task

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MOVES: list[tuple[TaskStatus, dict[str, Any]]] = [
    (TaskStatus.IN_PROGRESS, {"progress": 31, "preview_source": "https://a.test/1"}),
    (TaskStatus.IN_PROGRESS, {"job_id": "a job", "started_at": NOW, "mode": "FAST"}),
    (TaskStatus.SUCCESS, {"finished_at": NOW, "buttons": [{"label": "U1"}]}),
    (TaskStatus.FAILURE, {"finished_at": NOW, "fail_reason": "100%"}),
    (TaskStatus.NOT_START, {"nonce": None, "not_before": NOW}),
]


def written(owner: User, settings: Any, compiled: bool, doing: Any) -> dict[str, Any]:
    """Return the row after `doing`, without what differs between any two tasks."""
    settings.COMPILED_QUERIES = compiled
    task = make_task(owner, status=TaskStatus.SUBMITTED, progress=5, submitted_at=NOW)
    assert doing(task.pk)
    row = Task.objects.values().get(pk=task.pk)
    Task.objects.filter(pk=task.pk).update(job_id=None)
    return {k: v for k, v in row.items() if k not in ("id", "picture_key")}


@pytest.mark.parametrize(("status", "changes"), MOVES)
def test_a_compiled_move_writes_the_same(
    alice: User, settings: Any, status: TaskStatus, changes: dict[str, Any]
) -> None:
    def doing(pk: int) -> bool:
        return updates.move(pk, status, changes, None)

    compiled = written(alice, settings, True, doing)

    assert compiled == written(alice, settings, False, doing)
    assert (compiled["status"], compiled["revision"]) == (status, 1)
    assert {name: compiled[name] for name in changes} == changes


def test_a_compiled_fact_is_the_same(alice: User, settings: Any) -> None:
    def doing(pk: int) -> bool:
        return updates.note(pk, {"removed_at": NOW, "cancel_presses": 2})

    compiled = written(alice, settings, True, doing)

    assert compiled == written(alice, settings, False, doing)
    assert (compiled["removed_at"], compiled["cancel_presses"]) == (NOW, 2)


def test_a_condition_and_an_expression_are_obeyed(alice: User) -> None:
    task = make_task(alice, status=TaskStatus.SUBMITTED, nonce="1")
    move = (
        updates.move,
        task.pk,
        TaskStatus.IN_PROGRESS,
        {"attempts": F("attempts") + 1},
    )

    assert not move[0](*move[1:], Q(nonce="2"))
    assert move[0](*move[1:], Q(nonce="1"))
    assert move[0](*move[1:], None)
    task.refresh_from_db()
    assert task.attempts == 2
