"""Send nudges over the channel layer.

They hold ids, never payloads, so a lost one does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Final

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers

from gateway.nudges import CHANNEL
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

LIMIT: Final = 3.0  # seconds after which a message is not worth sending
TOGETHER: Final = 0.1  # seconds within which changes of accounts are told once
_telling = False


def publish_change(task_id: int, owner_id: int) -> None:
    """Tell the task's stream and its owner's page that the row changed."""
    message = {"type": "task.changed", "task_id": task_id}
    event_loop.spawn(_to_groups((f"task.{task_id}", f"owner.{owner_id}"), message))


def publish_access(user_id: int) -> None:
    """Tell a user's open streams to check their access again."""
    message = {"type": "access.changed"}
    event_loop.spawn(_to_groups((f"access.{user_id}",), message))


def publish_accounts_changed() -> None:
    """Tell the gateway processes to read the accounts.

    Changes within 0.1 s are sent as one message.
    """
    global _telling
    if not _telling:
        _telling = True
        event_loop.spawn(_tell_gateways())


async def _tell_gateways() -> None:
    global _telling
    await asyncio.sleep(TOGETHER)
    _telling = False  # before the send, so that a later change is sent anew
    await _to_channel(CHANNEL, {"type": "accounts.changed"})


async def _to_groups(groups: tuple[str, ...], message: Mapping[str, object]) -> None:
    async def send() -> None:
        layer = channel_layers[DEFAULT_CHANNEL_LAYER]
        for group in groups:
            await layer.group_send(group, message)

    await _in_time(send())


async def _to_channel(channel: str, message: Mapping[str, object]) -> None:
    await _in_time(channel_layers[DEFAULT_CHANNEL_LAYER].send(channel, message))


async def _in_time(sending: Awaitable[None]) -> None:
    """Send within LIMIT seconds, or log a warning and give up.

    Messages are sent one after another, so a slow one would delay the rest.
    """
    try:
        async with asyncio.timeout(LIMIT):
            await sending
    except Exception as exc:
        said = "channel layer: %s"
        logger.warning(said, str(exc) or "it takes too long", extra={"error": exc})
