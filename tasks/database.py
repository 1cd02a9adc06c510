"""The one way from an event loop to the database: a few threads of its own.

A call that does not end is given up, and its thread replaced: the loop goes on, though
a file system or a driver may hold the thread for good.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from django.db import OperationalError, close_old_connections, connection

from tasks.watchdog import watch

P = ParamSpec("P")
T = TypeVar("T")

# SQLite has one writer at a time: more threads would mostly wait for each other.
THREADS: Final = 2 if connection.vendor == "sqlite" else 4
ROWS: Final = "rows"  # these threads, as the watchdog calls them
LIMIT: Final = 30.0  # seconds; a driver gives up long before


def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix=ROWS)


_pool = _new_pool()
_replacing = threading.Lock()


class Stuck(OperationalError):
    """A call that did not end in time; its thread may still be at it."""


async def in_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that uses the database or the disk, and wait for it.

    Raises Stuck after LIMIT seconds.
    """
    pool = _pool
    call = partial(_with_connection, function, *args, **kwargs)
    try:
        running = asyncio.get_running_loop().run_in_executor(pool, call)
    except RuntimeError:  # another's call was stuck at this very moment
        running = asyncio.get_running_loop().run_in_executor(_pool, call)
    try:
        async with asyncio.timeout(LIMIT) as deadline:
            return await running
    except TimeoutError as exc:
        if not deadline.expired():
            raise  # the function's own
        _replace(pool)
        raise Stuck(f"{_name(function)} did not end within {LIMIT:g} s") from exc


def _replace(pool: ThreadPoolExecutor) -> None:
    """Go on with fresh threads; the old ones end with what they are doing."""
    global _pool
    with _replacing:
        if _pool is pool:
            _pool = _new_pool()
            pool.shutdown(wait=False)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))


def _with_connection(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
        watch.moved(ROWS)


def watch_over_threads() -> None:
    """Let the watchdog of this process see to it that these threads move."""
    watch.require(ROWS, lambda work: _pool.submit(work))
