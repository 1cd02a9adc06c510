from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import User
from tasks.enums import ALLOWED_FROM, OPEN, TERMINAL, TaskStatus
from tasks.models import Task
from tasks.services import advance, cancel, fail, insert, learn, release
from tasks.signals import task_changed, task_submitted
from tests.factories import make_task

S = TaskStatus


@pytest.mark.parametrize(("old", "new"), itertools.product(S, S))
def test_advance_moves_along_the_table_and_no_other_way(
    alice: User, old: TaskStatus, new: TaskStatus
) -> None:
    task = make_task(alice, status=old)

    moved = advance(task.pk, new)

    task.refresh_from_db()
    assert moved is (old in ALLOWED_FROM[new])
    assert task.status == (new if moved else old)
    assert task.revision == int(moved)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_the_end_is_final(status: TaskStatus) -> None:
    assert all(status not in sources for sources in ALLOWED_FROM.values())


@pytest.mark.parametrize("status", sorted(OPEN))
def test_every_open_task_may_fail(status: TaskStatus) -> None:
    assert status in ALLOWED_FROM[S.FAILURE]


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [(None, 0, True), (30, 31, True), (31, 31, False), (62, 31, False)],
)
def test_progress_never_falls(
    alice: User, before: int | None, after: int, moved: bool
) -> None:
    task = make_task(alice, status=S.IN_PROGRESS, progress=before)

    assert advance(task.pk, S.IN_PROGRESS, progress=after) is moved


def test_the_end_sets_both_times(alice: User) -> None:
    task = make_task(alice, status=S.SUBMITTED)

    advance(task.pk, S.SUCCESS)

    task.refresh_from_db()
    assert task.started_at is not None
    assert task.started_at == task.finished_at


@pytest.mark.parametrize("name", ["message_id", "job_id"])
def test_a_message_and_a_job_belong_to_one_task(alice: User, name: str) -> None:
    first = make_task(alice, status=S.IN_PROGRESS)
    second = make_task(alice, status=S.IN_PROGRESS)

    facts: dict[str, Any] = {name: "77"}
    won = advance(first.pk, S.SUCCESS, **facts)
    lost = advance(second.pk, S.SUCCESS, **facts)

    second.refresh_from_db()
    assert (won, lost, second.status) == (True, False, S.IN_PROGRESS)


def test_learning_anothers_message_is_refused(alice: User) -> None:
    make_task(alice, progress_message_id="77")
    task = make_task(alice, status=S.SUBMITTED)

    assert learn(task.pk, progress_message_id="77") is False
    assert learn(task.pk, progress_message_id="78") is True


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_nothing_is_learnt_of_a_task_that_is_over(
    alice: User, status: TaskStatus
) -> None:
    assert learn(make_task(alice, status=status).pk, interaction_id="5") is False


def test_release_lets_a_claimed_task_wait_again(alice: User) -> None:
    task = make_task(alice, status=S.SUBMITTED, nonce="1", delivery="sending")

    released = release(task.pk, nonce="1")

    task.refresh_from_db()
    assert released
    assert (task.status, task.nonce, task.delivery) == (S.NOT_START, None, "")


@pytest.mark.parametrize(
    "seen", [{"interaction_id": "5"}, {"progress_message_id": "5"}, {"nonce": "2"}]
)
def test_release_is_refused_once_discord_may_have_it(
    alice: User, seen: dict[str, Any]
) -> None:
    task = make_task(alice, **({"status": S.SUBMITTED, "nonce": "1"} | seen))

    assert release(task.pk, nonce="1") is False


def test_a_failure_always_has_a_reason(alice: User) -> None:
    task = make_task(alice)

    fail(task.pk, "  ")

    task.refresh_from_db()
    assert task.fail_reason


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_is_over_cannot_be_cancelled(alice: User, status: TaskStatus) -> None:
    assert cancel(make_task(alice, status=status)) is False


def test_cancelling_twice_is_still_a_yes(alice: User) -> None:
    task = make_task(alice, status=S.SUBMITTED)

    assert [cancel(task), cancel(task)] == [True, True]


def test_insert_does_not_hide_a_used_idempotency_key(alice: User) -> None:
    make_task(alice, idempotency_key="k")

    with pytest.raises(IntegrityError):
        insert(Task(owner=alice, action="IMAGINE", idempotency_key="k"))


def test_signals_come_after_commit_with_the_id(
    alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, int]] = []

    def submitted(task_id: int, **_: Any) -> None:
        heard.append(("submitted", task_id))

    def changed(task_id: int, **_: Any) -> None:
        heard.append(("changed", task_id))

    task_submitted.connect(submitted)
    task_changed.connect(changed)
    with django_capture_on_commit_callbacks(execute=True):
        task = insert(Task(owner=alice, action="IMAGINE"))
        advance(task.pk, S.SUBMITTED)
        assert heard == []

    assert heard == [("submitted", task.pk), ("changed", task.pk)]
