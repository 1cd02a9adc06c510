"""The one way from an event loop to the database: a few threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from django.db import close_old_connections, connection

from tasks.watchdog import watch

P = ParamSpec("P")
T = TypeVar("T")

# SQLite has one writer at a time: more threads would mostly wait for each other.
THREADS: Final = 2 if connection.vendor == "sqlite" else 4
ROWS: Final = "rows"  # these threads, as the watchdog calls them
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rows")


async def in_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that uses the database or the disk, and wait for it."""
    call = partial(_with_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def _with_connection(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
        watch.moved(ROWS)


def watch_over_threads() -> None:
    """Let the watchdog of this process see to it that these threads move."""
    watch.require(ROWS, _pool.submit)
