"""Queue of a socket's events that are not handled yet, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

from gateway.protocol import content
from gateway.protocol.constants import Event

Data = Mapping[str, object]  # JSON of an event, as it came
Entry = tuple[int, str, Data]

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

    def put(self, seq: int, event: str, data: Data) -> None:
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
        taken = [self._entries.popleft()]
        while self._entries and len(taken) < MOST:
            if {taken[0][1], self._entries[0][1]} & GREETINGS:
                break
            taken.append(self._entries.popleft())
        return _merged(taken)


def _merged(entries: list[Entry]) -> list[Entry]:
    merged: dict[int, Entry] = {}
    updates: dict[object, int] = {}  # message id to the place of its newest update
    for place, (seq, event, given) in enumerate(entries):
        data = given
        if event != Event.MESSAGE_UPDATE:
            updates.clear()
        else:
            message_id = data.get("id")
            earlier = merged.get(updates.get(message_id, -1))
            if earlier and _overtakes(data, earlier[2]):
                del merged[updates[message_id]]
                data = {**earlier[2], **data}
            updates[message_id] = place
        merged[place] = seq, event, data
    return list(merged.values())


def _overtakes(later: Data, earlier: Data) -> bool:
    """Return whether an update shows all that an earlier one of its message showed.

    Events may come out of order. An update without content is the preview of a link.
    """
    return "content" in later and _percent(later) >= _percent(earlier)


def _percent(data: Data) -> int:
    said = content.parse(str(data.get("content") or ""))
    return -1 if said is None or said.percent is None else said.percent
