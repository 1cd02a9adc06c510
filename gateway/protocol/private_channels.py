"""The channels of direct messages, as READY lists them."""

from __future__ import annotations

from typing import Any

from gateway.protocol.constants import BOT_IDS


def of_bots(ready: dict[str, Any]) -> dict[str, str]:
    """Return the channel of each bot that READY names; unknown shapes are skipped.

    Recipients come as users, or as bare ids where users are told apart.
    """
    found: dict[str, str] = {}
    channels = ready.get("private_channels")
    for channel in channels if isinstance(channels, list) else ():
        if not isinstance(channel, dict):
            continue
        channel_id, names = channel.get("id"), _recipients(channel)
        # A group of several people is no place for a bot's words.
        if len(names) == 1 and names[0] in BOT_IDS and _is_id(channel_id):
            found.setdefault(names[0], str(channel_id))
    return found


def _recipients(channel: dict[str, Any]) -> list[str]:
    ids, users = channel.get("recipient_ids"), channel.get("recipients")
    if isinstance(ids, list) and ids:
        return [str(each) for each in ids]
    if isinstance(users, list):
        return [str(user.get("id")) for user in users if isinstance(user, dict)]
    return []


def _is_id(value: object) -> bool:
    text = value if isinstance(value, str) else ""
    return text.isascii() and text.isdecimal() and 15 <= len(text) <= 20
