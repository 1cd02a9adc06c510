"""One asyncio loop in a thread of its own, for code that runs in threads.

Celery's workers run jobs in threads. A new loop for every call would need new
connections each time; this one lives as long as the process and keeps its clients.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid = 0


def loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop, started on first use."""
    global _loop, _pid
    with _lock:
        if _loop is None or _pid != os.getpid():
            _loop, _pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(
                target=_loop.run_forever, name="bridge", daemon=True
            ).start()
        return _loop


def run(coroutine: Coroutine[Any, Any, T], *, timeout: float = 30) -> T:
    """Run the coroutine in the loop; wait `timeout` seconds at most for its result."""
    future = asyncio.run_coroutine_threadsafe(coroutine, loop())
    try:
        return future.result(timeout)
    finally:
        future.cancel()  # the caller no longer waits for it


def spawn(coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
    """Start the coroutine in the loop and return at once; a failure is logged."""
    future = asyncio.run_coroutine_threadsafe(coroutine, loop())
    future.add_done_callback(_report)
    return future


def later(seconds: float, function: Callable[..., object], *args: object) -> None:
    """Call a function in the loop after some seconds; it must not block.

    The call is lost with the process.
    """
    running = loop()
    running.call_soon_threadsafe(running.call_later, seconds, function, *args)


def _report(future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()):
        logger.error("background work failed", exc_info=error)
