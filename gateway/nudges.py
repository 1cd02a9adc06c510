"""Nudges to the gateway processes over their channel, and to this app's jobs.

The web process imports it, so it does not load Discord's client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.consumer import AsyncConsumer
from django.dispatch import Signal

from mjproxy.lib.process.nudge import nudge

CHANNEL: Final = "gateway"
nudged = Signal()  # in a gateway process: read the rows now


class GatewayConsumer(AsyncConsumer):
    """Receives nudges of other processes, and has the rows read at once."""

    async def accounts_changed(self, _: Mapping[str, object]) -> None:
        nudged.send(sender=GatewayConsumer)


def enqueue_dispatch(account_id: int) -> None:
    """Start the dispatch of an account's waiting tasks."""
    nudge("gateway.dispatch_account", account_id)


def enqueue_cancel(task_id: int) -> None:
    """Start a press of Midjourney's Cancel for a task."""
    nudge("gateway.press_cancel", task_id)


def enqueue_answer(task_id: int) -> None:
    """Start the answer to a task's open window."""
    nudge("gateway.answer_window", task_id)


def enqueue_prepare(task_id: int) -> None:
    """Start the upload of a waiting task's pictures."""
    nudge("gateway.prepare_task", task_id)


def enqueue_link(task_id: int) -> None:
    """Start the renewal of a picture's link at Discord."""
    nudge("gateway.renew_link", task_id)


def enqueue_query(account_id: int) -> None:
    """Start the next query of an account."""
    nudge("gateway.ask_account", account_id)


def enqueue_verification(account_id: int) -> None:
    """Start the next step of an account's verification."""
    nudge("gateway.attend_verification", account_id)


def enqueue_errand(errand_id: int) -> None:
    """Start an errand."""
    nudge("gateway.run_errand", errand_id)
