"""Read the channels of direct messages from READY."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.protocol.constants import BOT_IDS


def of_bots(ready: Mapping[str, object]) -> dict[str, str]:
    """Return the DM channel id of each bot, by the bot's id.

    Unknown shapes are skipped. Recipients come as user objects, or as bare ids with the
    users listed elsewhere.
    """
    found: dict[str, str] = {}
    channels = ready.get("private_channels")
    for channel in channels if isinstance(channels, list) else ():
        if not isinstance(channel, dict):
            continue
        channel_id, names = channel.get("id"), _recipients(channel)
        # More recipients make it a group, not a DM with the bot.
        if len(names) == 1 and names[0] in BOT_IDS and _is_id(channel_id):
            found.setdefault(names[0], str(channel_id))
    return found


def _recipients(channel: Mapping[str, object]) -> list[str]:
    ids, users = channel.get("recipient_ids"), channel.get("recipients")
    if isinstance(ids, list) and ids:
        return [str(each) for each in ids]
    if isinstance(users, list):
        return [str(user.get("id")) for user in users if isinstance(user, dict)]
    return []


def _is_id(value: object) -> bool:
    text = value if isinstance(value, str) else ""
    return text.isascii() and text.isdecimal() and 15 <= len(text) <= 20
