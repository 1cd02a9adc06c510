"""Nudges over the channel layer: ids, never payloads; lost ones do no harm."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers

from gateway.hints import CHANNEL
from tasks import bridge

logger = logging.getLogger(__name__)

TOGETHER: Final = 0.1  # seconds within which changes of accounts are told once
_telling = False


def publish_change(task_id: int, owner_id: int) -> None:
    """Tell the task's stream and its owner's page that the row changed."""
    message = {"type": "task.changed", "task_id": task_id}
    bridge.spawn(_to_groups((f"task.{task_id}", f"owner.{owner_id}"), message))


def publish_access(user_id: int) -> None:
    """Tell what a user has opened to look whether they may still come in."""
    message = {"type": "access.changed"}
    bridge.spawn(_to_groups((f"access.{user_id}",), message))


def publish_accounts_changed() -> None:
    """Tell the gateway processes to look at the accounts; once for many changes."""
    global _telling
    if not _telling:
        _telling = True
        bridge.spawn(_tell_gateways())


async def _tell_gateways() -> None:
    global _telling
    await asyncio.sleep(TOGETHER)
    _telling = False  # first: what changes from here on is told anew
    await _to_channel(CHANNEL, {"type": "accounts.changed"})


async def _to_groups(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    try:
        for group in groups:
            await layer.group_send(group, message)
    except Exception as exc:
        logger.warning("channel layer: %s", exc)


async def _to_channel(channel: str, message: dict[str, Any]) -> None:
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    try:
        await layer.send(channel, message)
    except Exception as exc:
        logger.warning("channel layer: %s", exc)
