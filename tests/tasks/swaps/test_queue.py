from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from gateway.lost_accounts import leave_lost_accounts
from gateway.sweep import end_overdue
from tasks.enums import ReturnCode, TaskStatus
from tasks.exceptions import Refused
from tasks.models import Swap, SwapSettings, Task
from tasks.services import fail
from tasks.submit.row import Caller
from tasks.swaps import queue
from tasks.swaps.submit import submit_picture_swap
from tests.factories import make_user
from tests.tasks.swaps.conftest import FACE, TARGET

pytestmark = pytest.mark.django_db(transaction=True)
Submit = Callable[..., Task]


def statuses(*tasks: Task) -> list[str]:
    for task in tasks:
        task.refresh_from_db()
    return [str(task.status) for task in tasks]


def limits(row: SwapSettings, **values: int) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def other_user() -> User:
    return make_user(may_swap_faces=True)


def submit(user: User) -> Task:
    caller = Caller(user)
    return submit_picture_swap(caller=caller, source=FACE, target=TARGET).task


def test_as_many_run_as_may_and_the_oldest_first(
    swap: Submit, swaps_on: SwapSettings
) -> None:
    limits(swaps_on, core_size=2)
    tasks = [swap() for _ in range(3)]

    queue.start_waiting()
    assert statuses(*tasks) == ["SUBMITTED", "SUBMITTED", "NOT_START"]
    fail(tasks[0].pk, "over")
    queue.start_waiting()

    assert statuses(*tasks) == ["FAILURE", "SUBMITTED", "SUBMITTED"]


def test_those_before_it_are_told(swapper: User, swap: Submit) -> None:
    swap()

    submitted = submit_picture_swap(caller=Caller(swapper), source=FACE, target=TARGET)

    assert submitted.ahead == 1


def test_a_full_queue_refuses(swap: Submit, swaps_on: SwapSettings) -> None:
    limits(swaps_on, queue_size=1)
    swap()

    with pytest.raises(Refused) as refused:
        swap()

    assert refused.value.code == ReturnCode.FAILURE
    assert refused.value.zh == "提交失败，队列已满，请稍后重试"
    assert (Task.objects.count(), Swap.objects.count()) == (1, 1)


def test_no_race_goes_beyond_the_queue(swapper: User, swaps_on: SwapSettings) -> None:
    limits(swaps_on, queue_size=2)
    told: list[object] = []

    def one() -> None:
        try:
            told.append(submit(swapper))
        except Refused as exc:
            told.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sum(isinstance(each, Task) for each in told) == 2
    assert Task.objects.count() == 2


def test_no_race_goes_beyond_what_runs(swap: Submit, swaps_on: SwapSettings) -> None:
    limits(swaps_on, core_size=2)
    tasks = [swap() for _ in range(5)]

    def one() -> None:
        try:
            queue.start_waiting()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert statuses(*tasks).count("SUBMITTED") == 2


def test_a_user_without_room_lets_others_pass(
    swapper: User, swap: Submit, swaps_on: SwapSettings
) -> None:
    swapper.running_at_once = 1
    swapper.save()
    mine = [swap(), swap()]
    others = submit(other_user())

    queue.start_waiting()

    assert statuses(*mine, others) == ["SUBMITTED", "NOT_START", "SUBMITTED"]


def test_the_time_to_wait_and_the_time_to_run_have_ends(
    swap: Submit, swaps_on: SwapSettings
) -> None:
    limits(swaps_on, core_size=1, timeout_minutes=5)
    runs, waits = swap(), swap()
    queue.start_waiting()
    runs.refresh_from_db()
    now = timezone.now()
    assert runs.deadline_at
    assert waits.deadline_at
    assert runs.deadline_at - now <= timedelta(minutes=5)
    assert timedelta(minutes=59) < waits.deadline_at - now <= timedelta(minutes=60)
    Task.objects.filter(pk=waits.pk).update(deadline_at=now)

    queue.start_waiting()

    waits.refresh_from_db()
    assert waits.fail_reason == queue.TOO_LONG


def test_no_sweep_for_accounts_ends_a_swap(swap: Submit, swaps_on: Any) -> None:
    limits(swaps_on, core_size=1)
    tasks = [swap(), swap()]
    queue.start_waiting()
    Task.objects.update(deadline_at=timezone.now() - timedelta(hours=1))

    leave_lost_accounts()
    end_overdue()

    assert statuses(*tasks) == [TaskStatus.SUBMITTED, TaskStatus.NOT_START]
