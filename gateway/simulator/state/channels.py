"""Channels of the simulator, and the messages in them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Channel:
    """A guild channel, or a DM channel with a bot."""

    id: str
    guild_id: str | None
    bot_id: str | None = None
    members: set[str] = field(default_factory=set)
    # A dict keeps the order of ids and drops one in constant time.
    message_ids: dict[str, None] = field(default_factory=dict)


@dataclass
class Message:
    """A message in its latest state. `data` has no nonce, because events add it."""

    id: str
    channel_id: str
    data: dict[str, Any]
    owner_id: str | None = None
    session_id: str | None = None  # of an ephemeral message: its only reader
    command: dict[str, Any] | None = None  # its command, for interaction-data

    @property
    def ephemeral(self) -> bool:
        return self.session_id is not None
