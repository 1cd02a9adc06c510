"""Helpers that make the calls of hooks in the event loop and wait for them."""

from __future__ import annotations

import asyncio

from mjproxy.lib.process import event_loop
from tasks.models import Task
from tasks.webhooks.calls import finished, here, start_all
from tasks.webhooks.rows import host_of
from tasks.webhooks.shares import Receiver, Shares


def forget_receivers() -> None:
    """Forget all receivers: another test's receiver may have had the same port."""

    async def forget() -> None:
        here()._shares = Shares()

    event_loop.run(forget())


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
