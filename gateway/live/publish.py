"""Send nudges over the channel layer.

They hold ids, never payloads, so a lost one does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers

from gateway.nudges import CHANNEL
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

LIMIT: Final = 3.0  # seconds after which a message is not worth sending
TOGETHER: Final = 0.1  # seconds within which changes of accounts are told once
# Seconds between two rounds about tasks. Streams tell a change at most every 0.2 s.
ROUND: Final = 0.05
Message = tuple[str, Mapping[str, object]]  # to a group
_telling = False
_changed: Final[SimpleQueue[tuple[int, int]]] = SimpleQueue()  # task, owner
_publishing = False


def publish_change(task_id: int, owner_id: int) -> None:
    """Tell the task's stream and its owner's page that the row changed.

    A change is told at once, unless others were told within ROUND seconds: then it is
    told together with those that come meanwhile.
    """
    global _publishing
    _changed.put((task_id, owner_id))
    if not _publishing:
        _publishing = True
        event_loop.spawn(_publish())


async def _publish() -> None:
    global _publishing
    try:
        while messages := _about_changes():
            await _in_time(_to_groups(messages))
            await asyncio.sleep(ROUND)
    finally:
        _publishing = False
    # A change that came just before has seen the flag, so there is another look.
    if messages := _about_changes():
        await _in_time(_to_groups(messages))


def _about_changes() -> list[Message]:
    """Return a message for each owner with changed tasks, and for each task."""
    owners: dict[int, set[int]] = defaultdict(set)
    try:
        while True:
            task_id, owner_id = _changed.get_nowait()
            owners[owner_id].add(task_id)
    except Empty:
        pass
    named = {f"owner.{owner}": sorted(ids) for owner, ids in owners.items()}
    named |= {f"task.{pk}": [pk] for ids in owners.values() for pk in ids}
    return [
        (group, {"type": "task.changed", "task_ids": ids})
        for group, ids in named.items()
    ]


def publish_access(user_id: int) -> None:
    """Tell a user's open streams to check their access again."""
    messages: list[Message] = [(f"access.{user_id}", {"type": "access.changed"})]
    event_loop.spawn(_in_time(_to_groups(messages)))


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


async def _to_groups(messages: Sequence[Message]) -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    if hasattr(layer, "send_to_groups"):  # Redis takes them all at once
        await layer.send_to_groups(messages)
        return
    for group, message in messages:
        await layer.group_send(group, message)


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
