"""Hints to the gateway processes over their channel, and nudges to this app's jobs.

Light: the web process gives them without loading Discord's client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from channels.consumer import AsyncConsumer

from mjproxy.lib.process.nudge import nudge

CHANNEL: Final = "gateway"
listeners: list[Callable[[], None]] = []


class GatewayConsumer(AsyncConsumer):
    """Hints from other processes: look at the rows now. The rows say what to do."""

    async def accounts_changed(self, _: dict[str, Any]) -> None:
        for listener in listeners:
            listener()


def enqueue_dispatch(account_id: int) -> None:
    """Have an account's dispatch look for work."""
    nudge("gateway.dispatch_account", account_id)


def enqueue_cancel(task_id: int) -> None:
    """Have Midjourney's Cancel pressed for a task."""
    nudge("gateway.press_cancel", task_id)


def enqueue_answer(task_id: int) -> None:
    """Have a task's open window answered."""
    nudge("gateway.answer_window", task_id)


def enqueue_prepare(task_id: int) -> None:
    """Have uploaded what a waiting task brought along."""
    nudge("gateway.prepare_task", task_id)


def enqueue_query(account_id: int) -> None:
    """Have the next question of an account asked."""
    nudge("gateway.ask_account", account_id)


def enqueue_verification(account_id: int) -> None:
    """Have done what an account's verification waits for."""
    nudge("gateway.attend_verification", account_id)


def enqueue_errand(errand_id: int) -> None:
    """Have an errand run."""
    nudge("gateway.run_errand", errand_id)
