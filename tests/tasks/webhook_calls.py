"""Helpers that make the calls of hooks in the event loop and wait for them."""

from __future__ import annotations

import asyncio

from mjproxy.lib.process import event_loop
from tasks.models import Task
from tasks.webhooks.calls import finished, here, start_all
from tasks.webhooks.rows import Call, claim_next, host_of
from tasks.webhooks.shares import Receiver, Shares
from tests.factories import make_task, make_user

HOOK, HOST = "http://hook.example/cb?id=1", "hook.example:80"


def forget_receivers() -> None:
    """Forget all receivers: another test's receiver may have had the same port."""

    async def forget() -> None:
        here()._shares = Shares()

    event_loop.run(forget())


def make_hooked(url: str) -> Task:
    return make_task(make_user(), notify_hook=url)


def ours(task: Task) -> Receiver:
    return Receiver(task.owner_id, HOST)


def claimed(task: Task) -> Call:
    call = claim_next(task.pk, HOST)
    assert call
    return call


def receiver(task: Task) -> Receiver:
    return Receiver(task.owner_id, host_of(task.notify_hook))


def deliver(*tasks: Task) -> None:
    """Make all calls that are due at the hooks of the tasks."""

    async def make() -> None:
        await start_all([receiver(task) for task in tasks])
        await finished()

    event_loop.run(make(), timeout=60)


def calls_under_way() -> int:
    async def calls() -> int:
        return len(here()._calls)

    return event_loop.run(calls())


def break_off() -> None:
    """End the calls under way, as the end of the process would."""

    async def end() -> None:
        for call in here()._calls:
            call.cancel()
        await finished()

    event_loop.run(end())


def wait(seconds: float) -> None:
    """Let the event loop run for a moment."""
    event_loop.run(asyncio.sleep(seconds))
