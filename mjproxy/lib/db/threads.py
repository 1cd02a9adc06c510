"""Threads for database and disk calls of an event loop.

A call that does not end is given up and its thread replaced. So the loop continues even
if a file system or a driver never returns.
"""

from __future__ import annotations

import asyncio
import contextlib
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


class Stuck(OperationalError):
    """A call did not end in time; its thread may still run it."""


class Call:
    """A call for one of the threads, with the time since it runs.

    `done` is its result, set in the loop by one call: each turn of a loop costs time.
    """

    def __init__(self, function: Callable[[], Any], pool: Threads) -> None:
        self.function, self.pool = function, pool
        self.began_at: float | None = None
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self._loop.create_future()
        self._timer = self._loop.call_later(LIMIT, self._look)

    def __call__(self) -> None:
        self.began_at = time.monotonic()
        result, error = None, None
        try:
            close_old_connections()
            result = self.function()
        except BaseException as exc:
            error = exc
        with contextlib.suppress(Exception):  # the next call finds a broken one
            close_old_connections()
        self.pool.ended_at = time.monotonic()
        watch.moved(ROWS)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._settle, result, error)

    def leave(self) -> None:
        """Wait for it no longer."""
        self._timer.cancel()
        self.done.cancel()

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)

    def _look(self) -> None:
        if self._is_stuck():
            _replace(self.pool)
            name = getattr(self.function, "func", self.function)
            name = getattr(name, "__qualname__", repr(name))
            self._settle(None, Stuck(f"{name} did not end within {LIMIT:g} s"))
        else:
            self._timer = self._loop.call_later(LIMIT, self._look)

    def _is_stuck(self) -> bool:
        """Tell whether it has run too long, or waits while no other call ends."""
        since = self.began_at or self.pool.ended_at
        return time.monotonic() - since >= LIMIT


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
        running = call.pool.submit(call)
    try:
        result: T = await call.done
        return result
    finally:
        running.cancel()  # not begun, if the caller has left
        call.leave()


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
