"""Keep events that match no task yet for a minute, to try them again."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from gateway.sockets.inbox import Data

PARK_SECONDS: Final = 60.0
PARK_SIZE: Final = 500

Entry = tuple[float, str, Data]


class Parked:
    """The waiting events of one account, oldest first.

    Beyond 500 the oldest are dropped.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=PARK_SIZE)

    def __len__(self) -> int:
        return len(self._entries)

    def copy(self) -> Parked:
        other = Parked()
        other._entries.extend(self._entries)
        return other

    def put(self, event: str, data: Data) -> None:
        until = time.monotonic() + PARK_SECONDS
        self._entries.append((until, event, data))

    def put_back(self, entry: Entry) -> None:
        self._entries.append(entry)

    def take(self) -> list[Entry]:
        """Remove all events; return those that have not expired."""
        now = time.monotonic()
        waiting = [entry for entry in self._entries if entry[0] > now]
        self._entries.clear()
        return waiting
