from __future__ import annotations

import pytest

from accounts.models import User
from tasks.enums import TaskStatus
from tests.conftest import ApiClient
from tests.factories import make_finished, make_task


def test_a_waiting_task_ends_at_once(api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    answer = api.send(f"/mj/task/{task.pk}/cancel")

    task.refresh_from_db()
    assert (answer.status_code, answer.content) == (200, b"")
    assert task.status == TaskStatus.FAILURE
    assert "取消" in task.fail_reason


@pytest.mark.parametrize("status", [TaskStatus.SUBMITTED, TaskStatus.IN_PROGRESS])
def test_a_running_task_is_asked_to_stop(
    api: ApiClient, alice: User, status: TaskStatus
) -> None:
    task = make_task(alice, status=status)

    api.send(f"/mj/task/{task.pk}/cancel")

    task.refresh_from_db()
    assert task.status == status
    assert task.cancel_requested_at is not None


def test_a_finished_task_stays_as_it_is(api: ApiClient, alice: User) -> None:
    task = make_finished(alice)

    answer = api.send(f"/mj/task/{task.pk}/cancel")

    task.refresh_from_db()
    assert (answer.status_code, task.status) == (200, TaskStatus.SUCCESS)


def test_anothers_task_goes_on(bob_api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    answer = bob_api.send(f"/mj/task/{task.pk}/cancel")

    task.refresh_from_db()
    assert (answer.status_code, task.status) == (200, TaskStatus.NOT_START)


@pytest.mark.parametrize("task_id", ["1", "abc"])
def test_an_unknown_task_is_no_error(api: ApiClient, task_id: str) -> None:
    assert api.send(f"/mj/task/{task_id}/cancel").status_code == 200


def test_a_stranger_may_not_cancel(stranger: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert stranger.send(f"/mj/task/{task.pk}/cancel").status_code == 401


def test_a_get_cancels_nothing(api: ApiClient, alice: User) -> None:
    task = make_task(alice)

    assert api.get(f"/mj/task/{task.pk}/cancel").status_code == 405
