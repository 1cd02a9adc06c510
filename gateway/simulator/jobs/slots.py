"""Slots: how many jobs of an account run at once, and their waiting line."""

import asyncio
from collections import Counter, defaultdict, deque


class QueueFull(Exception):
    """There is neither a free slot nor a free place in the line."""


class Slots:
    """Slots and waiting line of each key."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    def take(
        self, key: str, *, slots: int, queue_size: int
    ) -> asyncio.Future[None] | None:
        """Take a slot and return None, or return a place in the line.

        The place is done once it has a slot. Raises QueueFull.
        """
        if self._running[key] < slots:
            self._running[key] += 1
            return None
        line = self._waiting[key]
        if len(line) >= queue_size:
            raise QueueFull
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(place)
        return place

    def leave(self, key: str) -> None:
        """Pass the slot to the first in the line, or free it."""
        line = self._waiting[key]
        while line:
            place = line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._running[key] -= 1

    def running(self, key: str) -> int:
        return self._running[key]

    def waiting(self, key: str) -> int:
        return sum(not place.done() for place in self._waiting[key])
