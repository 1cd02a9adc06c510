from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from tasks.enums import TaskStatus
from tasks.models import Swap, Task
from tasks.swaps import rows, steps, timing
from tests.tasks.swaps.simulated import Simulated, overdue, start, step

pytestmark = pytest.mark.django_db(transaction=True)
Submit = Callable[..., Task]
PREDICTIONS = "POST /v1/predictions"


def row_of(task: Task) -> Swap:
    return Swap.objects.get(pk=task.pk)


# --- paid once ----------------------------------------------------------------------


def test_a_lost_answer_is_looked_up_and_not_paid_again(
    swap: Submit, provider: Simulated
) -> None:
    provider.rule(PREDICTIONS, times=1, cut="after")
    task = swap()
    start(task)

    step(task)
    assert (len(provider.paid), row_of(task).prediction) == (1, None)
    assert task.status == TaskStatus.SUBMITTED
    step(task)
    assert row_of(task).prediction == provider.paid[0].id
    provider.rest()
    step(task)

    assert task.status == TaskStatus.SUCCESS
    assert len(provider.paid) == 1


@pytest.mark.parametrize(
    "effect",
    [
        {"http": {"status": 502, "body": "<html>"}, "accept": True},
        {"http": {"status": 201, "body": "<!doctype html>"}, "accept": True},
        {"http": {"status": 201, "body": {"id": ""}}, "accept": True},
        {"http": {"status": 500, "body": {}}, "accept": True},
    ],
)
def test_an_answer_that_does_not_tell_is_looked_up(
    swap: Submit, provider: Simulated, effect: dict[str, Any]
) -> None:
    provider.rule(PREDICTIONS, times=1, **effect)
    task = swap()
    start(task)

    step(task, times=2)
    provider.rest()
    step(task)

    assert task.status == TaskStatus.SUCCESS, task.fail_reason
    assert len(provider.paid) == 1


def test_an_order_that_never_arrived_is_sent_again_when_it_cannot_arrive_any_more(
    swap: Submit, provider: Simulated
) -> None:
    provider.rule(PREDICTIONS, times=1, cut="before")
    task = swap()
    start(task)
    step(task, times=3)
    assert (row_of(task).asks, provider.paid) == (1, [])  # it may still arrive
    long_ago = timezone.now() - timing.ORDER_LIFE
    Swap.objects.filter(pk=task.pk).update(asked_at=long_ago)

    step(task, times=2)

    assert (row_of(task).asks, len(provider.paid)) == (2, 1)


def test_an_order_that_is_never_found_ends_after_some(
    swap: Submit, provider: Simulated
) -> None:
    provider.rule(PREDICTIONS, cut="before")
    task = swap()
    start(task)

    for _ in range(timing.MOST_ORDERS):
        step(task)
        long_ago = timezone.now() - timing.ORDER_LIFE
        Swap.objects.filter(pk=task.pk).update(asked_at=long_ago)
        step(task)

    assert (task.status, task.fail_reason) == (TaskStatus.FAILURE, steps.LOST)
    assert not provider.paid


def test_while_the_list_cannot_be_read_nothing_is_sent_again(
    swap: Submit, provider: Simulated
) -> None:
    provider.rule(PREDICTIONS, cut="after", times=1)
    provider.rule("GET /v1/predictions", http={"status": 500})
    task = swap()
    start(task)
    step(task)
    long_ago = timezone.now() - timing.ORDER_LIFE
    Swap.objects.filter(pk=task.pk).update(asked_at=long_ago)

    step(task, times=3)
    assert (task.status, len(provider.paid)) == (TaskStatus.SUBMITTED, 1)
    overdue(task, hours=1)
    step(task)

    assert task.fail_reason == steps.LOST
    assert len(provider.paid) == 1


def test_two_workers_order_once(swap: Submit, provider: Simulated) -> None:
    task = swap()
    start(task)
    first, second = row_of(task), row_of(task)

    assert rows.note_order(first)
    assert not rows.note_order(second)


def test_an_order_that_came_twice_is_stopped_once(
    swap: Submit, provider: Simulated
) -> None:
    provider.knobs(swap_outcome="hang")
    provider.rule(PREDICTIONS, times=2, cut="after")
    task = swap()
    start(task)
    step(task)
    rows.take_back(row_of(task))
    step(task)

    step(task)

    provider.rest()
    assert [each.status for each in provider.paid] == ["processing", "canceled"]
    assert row_of(task).prediction == provider.paid[0].id


def test_an_id_of_another_task_ends_the_task(swap: Submit, provider: Simulated) -> None:
    first, second = swap(), swap()
    start(first)
    step(first)
    taken = {"id": provider.paid[0].id, "status": "starting"}
    provider.rule(PREDICTIONS, http={"status": 201, "body": taken})
    step(second)

    assert second.status == TaskStatus.FAILURE
    assert row_of(first).prediction == provider.paid[0].id
