"""Writer: hands the events of all connections of a process to the database together."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from gateway.sockets.batches import Arrivals, Result, handle_all
from mjproxy.lib.db.threads import THREADS, in_thread

MOST: Final = 200  # events in one call
# Transactions at a time. A part of the threads stays free for leases and sessions.
WRITERS: Final = THREADS - 1
# Seconds between two beginnings. A transaction costs much more than another event in
# it, so events that come closer together are gathered. One that comes alone does not
# wait.
GAP: Final = 0.005

_Waiting = tuple[Arrivals, asyncio.Future[Result]]


class Writer:
    """Gathers events while others are being written."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._writers = 0
        self._next_at = 0.0  # loop time
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, arrivals: Arrivals) -> Result:
        """Handle events of one account; return what they have led to.

        A connection awaits this before it hands over its next events. So the events of
        an account stay in order.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrivals, future))
        if self._writers < WRITERS:
            self._writers += 1
            task = asyncio.create_task(self._write_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if (pause := self._next_at - loop.time()) > 0:
                await asyncio.sleep(pause)
            together = self._next()
            if not together:
                self._writers -= 1
                return
            self._next_at = loop.time() + GAP
            try:
                await in_thread(handle_all, [arrivals for arrivals, _ in together])
            except Exception as exc:
                for _, future in together:
                    if not future.done():
                        future.set_exception(exc)
            for arrivals, future in together:
                if not future.done():
                    future.set_result(arrivals.result)

    def _next(self) -> list[_Waiting]:
        """Return what is handled together now. Whoever has left is left out."""
        found: list[_Waiting] = []
        count = 0
        while self._waiting and count < MOST:
            arrivals, future = self._waiting.popleft()
            if not future.done():
                found.append((arrivals, future))
                count += len(arrivals.events)
        return found
