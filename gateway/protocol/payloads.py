"""Bodies of POST /interactions (docs/protocol.md, interactions)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.protocol.constants import (
    CommandType,
    ComponentType,
    InteractionType,
    OptionType,
)


@dataclass(frozen=True)
class Place:
    """Where an interaction happens, and for whom."""

    application_id: str
    channel_id: str
    session_id: str
    guild_id: str = ""


def _envelope(
    kind: InteractionType, place: Place, nonce: str, data: dict[str, Any]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": int(kind),
        "application_id": place.application_id,
        "channel_id": place.channel_id,
        "session_id": place.session_id,
        "nonce": nonce,
        "data": data,
    }
    if place.guild_id:
        body["guild_id"] = place.guild_id
    return body


def slash_command(
    place: Place, nonce: str, command: dict[str, Any], options: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a chat command; `command` is its entry in the command index."""
    data = {
        "version": command["version"],
        "id": command["id"],
        "name": command["name"],
        "type": int(CommandType.CHAT),
        "options": options,
        "attachments": [],
    }
    body = _envelope(InteractionType.COMMAND, place, nonce, data)
    return body | {"analytics_location": "slash_ui"}


def imagine(
    place: Place, nonce: str, command: dict[str, Any], prompt: str
) -> dict[str, Any]:
    option = {"type": int(OptionType.STRING), "name": "prompt", "value": prompt}
    return slash_command(place, nonce, command, [option])


def message_command(
    place: Place, nonce: str, command: dict[str, Any], target_id: str
) -> dict[str, Any]:
    """Return a command of a message's context menu, such as "Cancel Job"."""
    data = {
        "version": command["version"],
        "id": command["id"],
        "name": command["name"],
        "type": int(CommandType.MESSAGE),
        "options": [],
        "attachments": [],
        "target_id": target_id,
    }
    return _envelope(InteractionType.COMMAND, place, nonce, data)


def button(
    place: Place, nonce: str, *, message_id: str, flags: int, custom_id: str
) -> dict[str, Any]:
    """Return the press of a button on a message; `flags` are that message's own."""
    data = {"component_type": int(ComponentType.BUTTON), "custom_id": custom_id}
    body = _envelope(InteractionType.COMPONENT, place, nonce, data)
    return body | {"message_id": message_id, "message_flags": flags & 64}
