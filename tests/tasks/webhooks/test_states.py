from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from mjproxy.lib import faults
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail, release
from tasks.webhooks import statements, states
from tasks.webhooks.picking import due_receivers
from tasks.webhooks.posting import Call, Outcome
from tasks.webhooks.retries import RETRY_AFTER
from tasks.webhooks.states import claim, due, give_up, settle_delivered, settle_failed
from tasks.wire import task_bytes
from tests.factories import make_finished, make_task
from tests.tasks.webhook_calls import claimed, have_news

HOOK = "http://hook.example/cb?id=1"
REFUSED = Outcome(error="cannot connect")
FINE = Outcome(status=204)
S = DeliveryState


@pytest.fixture
def task(alice: User) -> Task:
    return make_task(alice, notify_hook=HOOK)


def rows(task: Task) -> list[tuple[int, str]]:
    found = WebhookDelivery.objects.filter(task=task).order_by("pk")
    return list(found.values_list("revision", "state"))


def make_due() -> None:
    Task.objects.update(hook_due_at=timezone.now())


def is_told(task: Task) -> bool:
    task.refresh_from_db()
    return (task.hook_due_at, task.hook_claimed_until) == (None, None)


def progress(task: Task, percent: int) -> None:
    assert advance(task.pk, TaskStatus.IN_PROGRESS, progress=percent)


def body(call: Call) -> tuple[str, str]:
    found = orjson.loads(call.body)
    return found["status"], found["progress"]


def test_a_call_tells_the_newest_state(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    progress(task, 10)
    progress(task, 31)

    call = claimed(task)

    assert (body(call), call.revision) == (("IN_PROGRESS", "31%"), 3)
    assert call.message_id == f"msg_{task.pk}_3"
    assert call.url == HOOK
    assert orjson.loads(call.body)["properties"]["notifyHook"] == HOOK


def test_each_change_that_is_told_in_time_is_a_call(task: Task) -> None:
    told = []
    advance(task.pk, TaskStatus.SUBMITTED)
    for percent in (10, 31):
        told.append(claimed(task))
        assert settle_delivered([(told[-1], FINE)]) == []
        progress(task, percent)
    told.append(claimed(task))

    assert [(each.revision, *body(each)) for each in told] == [
        (1, "SUBMITTED", "0%"),
        (2, "IN_PROGRESS", "10%"),
        (3, "IN_PROGRESS", "31%"),
    ]
    assert rows(task) == []  # progress that was taken is not in the log


def test_a_task_without_a_hook_is_never_due(alice: User) -> None:
    task = make_task(alice)
    fail(task.pk, "no luck")

    assert is_told(task)


def test_what_went_back_to_wait_is_not_told(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED, nonce="1")
    assert release(task.pk, nonce="1")

    assert due([task.pk]) == []
    assert due_receivers() == []


def test_news_of_an_open_call_follow_it(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    first = claimed(task)
    progress(task, 10)
    assert due([task.pk]) == []

    assert settle_delivered([(first, FINE)]) == [task.pk]

    second = claimed(task)
    assert (first.revision, second.revision) == (1, 2)
    assert settle_delivered([(second, FINE)]) == []
    assert is_told(task)


def test_the_end_follows_an_open_call_of_progress(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    first = claimed(task)
    progress(task, 10)
    fail(task.pk, "no luck")

    settle_delivered([(first, FINE)])
    last = claimed(task)
    settle_delivered([(last, FINE)])

    assert body(last) == ("FAILURE", "")
    assert rows(task) == [(3, S.DELIVERED)]
    assert is_told(task)


def test_a_failed_progress_does_not_hold_up_the_end(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    first = claimed(task)
    fail(task.pk, "no luck")

    assert settle_failed(first, REFUSED)

    settle_delivered([(claimed(task), FINE)])
    assert rows(task) == [(1, S.FAILED), (2, S.DELIVERED)]


def test_a_change_between_look_and_claim_is_not_called_old(task: Task) -> None:
    """The body was made of the older row, so it must not count as the newer one."""
    advance(task.pk, TaskStatus.SUBMITTED)
    found = due([task.pk])
    fail(task.pk, "no luck")

    assert claim(found) == []
    assert body(claimed(task)) == ("FAILURE", "")


def test_of_two_couriers_one_gets_the_task(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    first, second = due([task.pk]), due([task.pk])

    assert len(claim(first)) == 1
    assert claim(second) == []
    assert due_receivers() == []


def test_a_courier_gets_the_tasks_that_another_has_not_taken(alice: User) -> None:
    tasks = [make_finished(alice, notify_hook=HOOK) for _ in range(5)]
    have_news(*tasks)
    ids = [task.pk for task in tasks]
    found = due(ids)
    claimed(tasks[1])

    assert {call.task_id for call in claim(found)} == {ids[0], *ids[2:]}


def test_a_claim_whose_holder_died_ends(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    lost = claimed(task)
    Task.objects.update(hook_claimed_until=timezone.now() - timedelta(seconds=1))

    again = claimed(task)

    assert again.message_id == lost.message_id
    assert not settle_failed(lost, REFUSED)
    assert settle_delivered([(lost, FINE)]) == []
    assert rows(task) == []
    task.refresh_from_db()
    assert task.hook_attempts == 0
    assert task.hook_claimed_until == again.claimed_until


def test_results_of_a_batch_are_stored_though_some_came_too_late(alice: User) -> None:
    tasks = [make_finished(alice, notify_hook=HOOK) for _ in range(3)]
    have_news(*tasks)
    calls = claim(due([task.pk for task in tasks]))
    Task.objects.filter(pk=tasks[0].pk).delete()
    Task.objects.filter(pk=tasks[1].pk).update(hook_claimed_until=timezone.now())

    settle_delivered([(call, FINE) for call in calls])

    assert rows(tasks[2]) == [(0, S.DELIVERED)]
    assert not is_told(tasks[1])
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_batch_is_claimed_and_stored(
    alice: User, settings: Settings, count: int, is_compiled: bool
) -> None:
    settings.COMPILED_QUERIES = is_compiled
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(count)]
    for task in tasks:
        advance(task.pk, TaskStatus.SUBMITTED)
    ids = [task.pk for task in tasks]
    fail(ids[0], "no luck")

    calls = claim(due(ids))
    assert {call.task_id for call in calls} == set(ids)
    assert claim(due(ids)) == []
    if count > 1:
        progress(tasks[-1], 10)
    again = settle_delivered([(call, FINE) for call in calls])

    assert sorted(again) == (ids if count > 1 else [])
    assert [task.pk for task in due(ids)] == ids[1:][-1:]
    assert WebhookDelivery.objects.count() == 1


def test_one_broken_task_does_not_stop_its_batch(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [make_finished(alice, notify_hook=HOOK) for _ in range(3)]
    have_news(*tasks)
    monkeypatch.setattr(
        states,
        "task_bytes",
        lambda task: 1 / 0 if task.pk == tasks[1].pk else task_bytes(task),
    )
    found = due([task.pk for task in tasks])

    assert {call.task_id for call in claim(found)} == {tasks[0].pk, tasks[2].pk}
    assert faults.is_resting(states.work(tasks[1].pk))
    assert due([tasks[1].pk]) == []


def test_a_task_that_cannot_be_read_does_not_stop_its_batch(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [make_finished(alice, notify_hook=HOOK) for _ in range(3)]
    have_news(*tasks)
    read = statements.read

    def breaks(ids: Any) -> list[Task]:
        return read(ids) if tasks[1].pk not in ids else [1 / 0]  # type: ignore[list-item]

    monkeypatch.setattr(statements, "read", breaks)

    found = due([task.pk for task in tasks])

    assert {task.pk for task in found} == {tasks[0].pk, tasks[2].pk}


def test_a_failure_is_logged_and_tried_again_later(task: Task) -> None:
    fail(task.pk, "no luck")
    before = timezone.now()
    call = claimed(task)

    assert not settle_failed(call, Outcome(500, "HTTP 500"))

    row = WebhookDelivery.objects.get()
    assert (row.attempts, row.response_status, row.error) == (1, 500, "HTTP 500")
    assert row.state == S.FAILED
    assert row.body.encode() == call.body
    task.refresh_from_db()
    assert task.hook_due_at == row.next_attempt_at
    assert task.hook_due_at
    assert task.hook_due_at >= before + timedelta(seconds=0.8)
    assert task.hook_attempts == 1
    assert due([task.pk]) == []


def test_retries_follow_the_schedule_to_its_end(task: Task) -> None:
    fail(task.pk, "no luck")

    for number, seconds in enumerate(RETRY_AFTER, 1):
        make_due()
        start = timezone.now()
        settle_failed(claimed(task), REFUSED)
        task.refresh_from_db()
        assert task.hook_due_at
        pause = (task.hook_due_at - start).total_seconds()
        assert task.hook_attempts == number
        assert seconds * 0.8 <= pause
        assert pause - seconds * 1.2 < 60
    make_due()
    settle_failed(claimed(task), REFUSED)

    assert rows(task) == [(1, S.FAILED)] * len(RETRY_AFTER) + [(1, S.GIVEN_UP)]
    assert is_told(task)
    assert due_receivers() == []


def test_a_new_state_has_all_its_tries(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    settle_failed(claimed(task), REFUSED)
    fail(task.pk, "no luck")

    assert claimed(task).attempts == 0


def test_what_is_hopeless_is_given_up_at_once(task: Task) -> None:
    fail(task.pk, "no luck")

    settle_failed(claimed(task), Outcome(410, "HTTP 410", hopeless=True))

    assert rows(task) == [(1, S.GIVEN_UP)]
    assert is_told(task)


def test_what_cannot_be_called_is_given_up_with_a_reason(task: Task) -> None:
    fail(task.pk, "no luck")
    claimed(task)

    give_up(task.pk, "a reason")
    give_up(task.pk, "nothing is left to give up")

    row = WebhookDelivery.objects.get()
    assert (row.state, row.error, row.url) == (S.GIVEN_UP, "a reason", HOOK)
    assert is_told(task)


def test_due_tasks_are_those_whose_time_has_come(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(3)]
    for each in tasks:
        advance(each.pk, TaskStatus.SUBMITTED)
    later = timezone.now() + timedelta(seconds=5)
    Task.objects.filter(pk=tasks[0].pk).update(hook_due_at=later)
    settle_delivered([(claimed(tasks[1]), FINE)])

    assert [task.pk for task in due([each.pk for each in tasks])] == [tasks[2].pk]
    assert due_receivers() == [states.receiver_of(tasks[2])]


def test_the_log_names_no_address(task: Task, caplog: Any) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    settle_failed(claimed(task), REFUSED)

    assert "webhook no. 1 failed" in caplog.text
    assert "hook.example" not in caplog.text
