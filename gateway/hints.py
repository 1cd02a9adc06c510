"""Hints to the gateway processes over their channel, and names of its jobs.

Light: the web process sends hints and jobs without loading Discord's client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from celery import current_app
from channels.consumer import AsyncConsumer

CHANNEL: Final = "gateway"
listeners: list[Callable[[], None]] = []


class GatewayConsumer(AsyncConsumer):
    """Hints from other processes: look at the rows now. The rows say what to do."""

    async def accounts_changed(self, _: dict[str, Any]) -> None:
        for listener in listeners:
            listener()


def enqueue_dispatch(account_id: int) -> None:
    """Nudge an account's dispatch. Raises where the broker is away."""
    current_app.send_task("gateway.dispatch_account", (account_id,))


def enqueue_cancel(task_id: int) -> None:
    """Have Midjourney's Cancel pressed. Raises where the broker is away."""
    current_app.send_task("gateway.press_cancel", (task_id,))
