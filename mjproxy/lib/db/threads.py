"""Threads for database and disk calls of an event loop.

A call that does not end is given up and its thread replaced. So the loop continues even
if a file system or a driver never returns.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from django.db import OperationalError, close_old_connections, connection

from mjproxy.lib.process.watchdog import watch

P = ParamSpec("P")
T = TypeVar("T")

# SQLite has one writer at a time: more threads would only wait for each other.
THREADS: Final = 2 if connection.vendor == "sqlite" else 4
ROWS: Final = "rows"  # name of these threads in the watchdog
LIMIT: Final = 30.0  # seconds; a driver gives up well before


class Threads(ThreadPoolExecutor):
    """A few threads, and the time at which one of their calls last ended."""

    def __init__(self) -> None:
        super().__init__(THREADS, thread_name_prefix=ROWS)
        self.ended_at = time.monotonic()


class Call:
    """A call for one of the threads, with the time since it runs."""

    def __init__(self, function: Callable[[], Any], pool: Threads) -> None:
        self.function, self.pool = function, pool
        self.began_at: float | None = None

    def __call__(self) -> Any:
        self.began_at = time.monotonic()
        close_old_connections()
        try:
            return self.function()
        finally:
            close_old_connections()
            self.pool.ended_at = time.monotonic()
            watch.moved(ROWS)

    def is_stuck(self) -> bool:
        """Tell whether it has run too long, or waits while no other call ends."""
        since = self.began_at or self.pool.ended_at
        return time.monotonic() - since >= LIMIT


class Stuck(OperationalError):
    """A call did not end in time; its thread may still run it."""


_pool = Threads()
_replacing = threading.Lock()


async def in_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that uses the database or the disk in a thread, and await it.

    Raises Stuck if it runs longer than LIMIT seconds.
    """
    with _replacing:  # the pool refuses calls after it was replaced: take the new one
        call = Call(partial(function, *args, **kwargs), _pool)
        running = asyncio.wrap_future(call.pool.submit(call))
    try:
        while not (await asyncio.wait({running}, timeout=LIMIT))[0]:
            if call.is_stuck():
                _replace(call.pool)
                name = getattr(function, "__qualname__", repr(function))
                raise Stuck(f"{name} did not end within {LIMIT:g} s")
        result: T = running.result()
        return result
    finally:
        running.cancel()  # the caller has left, so the exception has no reader


def _replace(pool: Threads) -> None:
    """Replace the threads; the old ones end after their present call."""
    global _pool
    with _replacing:
        if _pool is pool:
            _pool = Threads()
            pool.shutdown(wait=False)


def watch_over_threads() -> None:
    """Make the watchdog of this process check that these threads move."""
    watch.require(ROWS, lambda work: _pool.submit(work))
