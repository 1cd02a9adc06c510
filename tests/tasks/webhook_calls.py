"""Helpers that make the calls of hooks in the event loop and wait for them."""

from __future__ import annotations

import asyncio

from django.db.models import F
from django.utils import timezone

from mjproxy.lib.process import event_loop
from tasks.models import Task, WebhookDelivery
from tasks.webhooks import calls as webhooks_calls
from tasks.webhooks import states
from tasks.webhooks.posting import Call, Outcome
from tasks.webhooks.shares import Receiver, Shares
from tests.factories import make_task, make_user

HOOK = "http://hook.example/cb?id=1"


def make_hooked(url: str) -> Task:
    return make_task(make_user(), notify_hook=url)


def only_row() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def make_due() -> None:
    """Let all calls that wait for another try be due now."""
    Task.objects.update(hook_due_at=timezone.now())


def forget_receivers() -> None:
    """Forget all receivers: another test's receiver may have had the same port."""

    async def forget() -> None:
        webhooks_calls.here()._shares = Shares()

    event_loop.run(forget())


def receiver(task: Task) -> Receiver:
    return states.receiver_of(task)


def have_news(*tasks: Task) -> None:
    """Let the present state of tasks be news for their hooks."""
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(
        hook_revision=F("revision"), hook_due_at=timezone.now()
    )


def claimed(task: Task) -> Call:
    """Claim the call of a task that is due."""
    (call,) = states.claim(states.due([task.pk]))
    return call


def called(task: Task) -> Call:
    """Make the call of a task that is due, without a receiver."""
    call = claimed(task)
    states.settle_delivered([(call, Outcome(200))])
    return call


def deliver(*tasks: Task) -> None:
    """Make all calls that are due at the hooks of the tasks."""

    async def make() -> None:
        await webhooks_calls.start_all([receiver(task) for task in tasks])
        await webhooks_calls.finished()

    event_loop.run(make(), timeout=60)


def deliver_woken(*tasks: Task) -> None:
    """Wake tasks, and wait for the calls that this leads to."""
    webhooks_calls.wake([task.pk for task in tasks])
    event_loop.run(webhooks_calls.finished(), timeout=60)


def calls_under_way() -> int:
    async def calls() -> int:
        return len(webhooks_calls.here()._open)

    return event_loop.run(calls())


def break_off() -> None:
    """End all work and forget it, as the end of the process would."""

    async def end() -> None:
        courier = webhooks_calls._couriers.pop(asyncio.get_running_loop())
        for work in courier._work:
            work.cancel()
        await courier.finished()
        await courier.aclose()

    event_loop.run(end())


def wait(seconds: float) -> None:
    """Let the event loop run for a moment."""
    event_loop.run(asyncio.sleep(seconds))
