"""Queue of a socket's events that are not handled yet, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.protocol.constants import Event

Data = Mapping[str, object]  # JSON of an event, as it came
Entry = tuple[int, str, Data]


class Inbox:
    """Sequence number, name and data of each event; `put` never waits."""

    def __init__(self) -> None:
        self._entries: asyncio.Queue[Entry] = asyncio.Queue()
        self._ahead: Entry | None = None

    def __len__(self) -> int:
        return self._entries.qsize() + (self._ahead is not None)

    def put(self, seq: int, event: str, data: Data) -> None:
        self._entries.put_nowait((seq, event, data))

    async def next(self) -> Entry:
        """Return the next event; successive updates of one message are merged.

        So many progress steps of a message cost one write.
        """
        seq, event, data = self._ahead or await self._entries.get()
        self._ahead = None
        while event == Event.MESSAGE_UPDATE and not self._entries.empty():
            self._ahead = self._entries.get_nowait()
            later_seq, later, more = self._ahead
            same = later == event and more.get("id") == data.get("id")
            # An update without content is the preview of a link.
            if not same or "content" not in more:
                break
            seq, data, self._ahead = later_seq, {**data, **more}, None
        return seq, event, data
