from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from accounts.models import User
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.services import advance, fail
from tasks.webhooks import states
from tasks.webhooks.by_hand import claim_due, resend, resend_last, settle, tell_again
from tasks.webhooks.picking import due_receivers
from tasks.webhooks.posting import Call, Outcome
from tests.factories import make_finished, make_task
from tests.tasks.webhook_calls import claimed, receiver

HOOK, OTHER = "http://hook.example/cb?id=1", "https://other.example/"
REFUSED = Outcome(error="cannot connect")
FINE = Outcome(status=204)
S = DeliveryState


@pytest.fixture
def task(alice: User) -> Task:
    return make_task(alice, notify_hook=HOOK)


@pytest.fixture
def delivery(task: Task) -> WebhookDelivery:
    """The log of an end that was taken."""
    fail(task.pk, "no luck")
    states.settle_delivered([(claimed(task), FINE)])
    return WebhookDelivery.objects.get()


def of(task: Task) -> Call:
    (call,) = claim_due(receiver(task), 9)
    return call


@pytest.mark.parametrize("state", S.values)
def test_a_person_can_send_any_call_again(
    task: Task, delivery: WebhookDelivery, state: str
) -> None:
    later = timezone.now() + timedelta(hours=12)
    WebhookDelivery.objects.update(state=state, attempts=16, next_attempt_at=later)

    resend(delivery)

    assert due_receivers() == [receiver(task)]
    call = of(task)
    assert (call.by_hand, call.attempts) == (delivery.pk, 0)
    assert call.message_id == f"msg_{task.pk}_1"
    settle(call, FINE)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (S.DELIVERED, 1)
    assert due_receivers() == []


def test_it_is_tried_again_and_given_up(task: Task, delivery: WebhookDelivery) -> None:
    resend(delivery)

    settle(of(task), REFUSED)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (S.WAITING, 1)
    assert claim_due(receiver(task), 9) == []

    resend(delivery)
    settle(of(task), Outcome(410, "HTTP 410", hopeless=True))
    delivery.refresh_from_db()
    assert delivery.state == S.GIVEN_UP


def test_of_two_couriers_one_gets_it(task: Task, delivery: WebhookDelivery) -> None:
    resend(delivery)

    lost = of(task)
    assert claim_due(receiver(task), 9) == []
    WebhookDelivery.objects.update(claimed_until=timezone.now())
    ours = of(task)
    settle(lost, REFUSED)

    delivery.refresh_from_db()
    assert (delivery.claimed_until, delivery.attempts) == (ours.claimed_until, 0)


def test_a_call_sent_again_holds_up_no_news(alice: User) -> None:
    task = make_task(alice, notify_hook=HOOK)
    advance(task.pk, TaskStatus.SUBMITTED)
    states.settle_failed(claimed(task), REFUSED)
    resend(WebhookDelivery.objects.get())
    settle(of(task), REFUSED)
    fail(task.pk, "no luck")

    assert claimed(task).revision == 2


def test_the_last_call_of_a_task_is_sent_again(
    task: Task, delivery: WebhookDelivery
) -> None:
    assert resend_last(Task.objects.get())

    assert of(task).by_hand == delivery.pk


def test_a_task_whose_calls_are_not_in_the_log_is_told_its_state(task: Task) -> None:
    assert not resend_last(task)
    advance(task.pk, TaskStatus.SUBMITTED)
    states.settle_delivered([(claimed(task), FINE)])

    assert resend_last(Task.objects.get())

    assert orjson.loads(of(task).body)["status"] == "SUBMITTED"


def test_a_call_without_a_body_tells_the_present_state(task: Task) -> None:
    fail(task.pk, "no luck")
    states.give_up(task.pk, "its body could not be made")

    resend(WebhookDelivery.objects.get())

    assert orjson.loads(of(task).body)["status"] == "FAILURE"


def test_an_ended_task_that_is_asked_for_again_is_told(alice: User) -> None:
    task = make_finished(alice, notify_hook=HOOK)

    tell_again(task, OTHER)

    row = WebhookDelivery.objects.get()
    assert (row.url, row.host, row.by_hand) == (OTHER, "other.example:443", True)
    assert not row.is_operators


def test_an_open_task_is_told_to_the_hook_that_was_named_later(alice: User) -> None:
    task = make_task(alice)

    tell_again(task, OTHER)
    tell_again(Task.objects.get(), HOOK)  # the first one stays

    fail(task.pk, "no luck")
    assert claimed(task).url == OTHER
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("hook", ["", HOOK])
def test_an_open_task_is_told_once(task: Task, hook: str) -> None:
    tell_again(task, hook)

    assert not WebhookDelivery.objects.exists()
