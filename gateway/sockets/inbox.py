"""Queue of a socket's events that are not handled yet, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from gateway.protocol.constants import Event

Entry = tuple[int, str, dict[str, Any]]

MOST: Final = 100  # events that are handed out together
# The state of the connection changes with these, so they are handled alone.
GREETINGS: Final = frozenset({Event.READY, Event.RESUMED})


class Inbox:
    """Sequence number, name and data of each event; `put` never waits."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, seq: int, event: str, data: dict[str, Any]) -> None:
        self._entries.append((seq, event, data))
        self._filled.set()

    async def next(self) -> list[Entry]:
        """Return the next events, up to a greeting, or a greeting alone.

        Updates of one message are merged if only updates stand between them. So
        progress that newer progress has overtaken costs no write.
        """
        while not self._entries:
            self._filled.clear()
            await self._filled.wait()
        if self._entries[0][1] in GREETINGS:
            return [self._entries.popleft()]
        taken: list[Entry] = []
        while self._entries and len(taken) < MOST:
            if self._entries[0][1] in GREETINGS:
                break
            taken.append(self._entries.popleft())
        return _merged(taken)


def _merged(entries: list[Entry]) -> list[Entry]:
    found: dict[int, Entry] = {}
    updates: dict[
        str, int
    ] = {}  # place of a message's newest update since another event
    for place, (seq, event, given) in enumerate(entries):
        data = given
        if event != Event.MESSAGE_UPDATE:
            updates.clear()
        else:
            message_id = str(data.get("id"))
            # An update without content is the preview of a link.
            if message_id in updates and "content" in data:
                data = found.pop(updates[message_id])[2] | data
            updates[message_id] = place
        found[place] = seq, event, data
    return list(found.values())
