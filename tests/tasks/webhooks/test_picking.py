from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks.by_hand import resend
from tasks.webhooks.picking import claim_due, due_receivers
from tasks.webhooks.posting import Outcome
from tasks.webhooks.shares import Receiver
from tasks.webhooks.states import rest, settle_delivered, settle_failed
from tests.factories import make_task
from tests.tasks.webhook_calls import claimed

HOOK, HOST = "http://hook.example/cb?id=1", "hook.example:80"
FINE = Outcome(status=204)
REFUSED = Outcome(error="cannot connect")


@pytest.fixture
def task(alice: User) -> Task:
    return make_task(alice, notify_hook=HOOK)


def ours(task: Task) -> Receiver:
    return Receiver(task.owner_id, HOST)


def test_ends_are_claimed_before_what_came_earlier(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(4)]
    for each in tasks:
        advance(each.pk, TaskStatus.SUBMITTED)
    for each in tasks[2:]:
        settle_delivered([(claimed(each), FINE)])
        fail(each.pk, "no luck")

    first, second, third = claim_due(ours(tasks[0]), 3)

    assert [first.task_id, second.task_id] == [tasks[2].pk, tasks[3].pk]
    assert third.task_id == tasks[0].pk


def test_what_is_claimed_at_once_are_calls_of_different_tasks(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(3)]
    for each in tasks:
        advance(each.pk, TaskStatus.SUBMITTED)
        fail(each.pk, "no luck")

    calls = claim_due(ours(tasks[0]), 9)

    assert [call.revision for call in calls] == [2, 2, 2]
    assert {call.task_id for call in calls} == {each.pk for each in tasks}


def test_tasks_whose_call_is_on_its_way_hide_no_other(alice: User) -> None:
    tasks = [make_task(alice, notify_hook=HOOK) for _ in range(40)]
    for each in tasks[:-1]:
        advance(each.pk, TaskStatus.SUBMITTED)
        claimed(each)
        fail(each.pk, "no luck")
    advance(tasks[-1].pk, TaskStatus.SUBMITTED)

    (call,) = claim_due(ours(tasks[0]), 1)

    assert call.task_id == tasks[-1].pk


def test_a_receiver_is_a_host_for_one_user(alice: User, bob: User) -> None:
    tasks = [
        make_task(alice, notify_hook=HOOK),
        make_task(alice, notify_hook="https://hook.example/cb"),
        make_task(bob, notify_hook=HOOK),
    ]
    for each in tasks:
        fail(each.pk, "no luck")

    assert set(due_receivers()) == {
        Receiver(alice.pk, "hook.example:80"),
        Receiver(alice.pk, "hook.example:443"),
        Receiver(bob.pk, "hook.example:80"),
    }
    assert [each.task_id for each in claim_due(ours(tasks[2]), 9)] == [tasks[2].pk]


def test_while_a_receiver_rests_only_what_a_person_sends_is_due(task: Task) -> None:
    fail(task.pk, "no luck")
    settle_failed(claimed(task), REFUSED)
    sent_again = WebhookDelivery.objects.get()
    Task.objects.update(hook_due_at=timezone.now())

    rest(ours(task), 30.0)
    assert due_receivers() == []
    resend(sent_again)

    (call,) = claim_due(ours(task), 9)
    assert call.by_hand == sent_again.pk


def test_a_rest_shortens_no_pause(task: Task) -> None:
    later = timezone.now() + timedelta(hours=3)
    fail(task.pk, "no luck")
    Task.objects.update(hook_due_at=later)

    rest(ours(task), 30.0)

    assert Task.objects.get().hook_due_at == later


def test_news_are_not_held_up_by_a_rest(task: Task) -> None:
    advance(task.pk, TaskStatus.SUBMITTED)
    rest(ours(task), 30.0)
    fail(task.pk, "no luck")

    (call,) = claim_due(ours(task), 9)

    assert call.revision == 2
