"""Slots: how many jobs of an account run at once, and who waits for one."""

import asyncio
from collections import Counter, defaultdict, deque


class QueueFull(Exception):
    """No slot and no place to wait for one."""


class Slots:
    """Slots and waiting line of each key."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    def take(
        self, key: str, *, slots: int, queue_size: int
    ) -> asyncio.Future[None] | None:
        """Take a slot (None), or a place in the line (done once a slot is taken)."""
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
        """Give a slot to the first who waits, or back."""
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
