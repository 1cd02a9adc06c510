"""Time limits of single database statements of this process.

Programs that serve (web, worker, gateway) set a limit once, at their start. Commands
have none: a migration may take its time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import Error, connection

REQUESTS: Final = 2.5  # seconds; a request must be answered within three
JOBS: Final = 4.0  # seconds; a lease lasts six and needs one more check
LONG: Final = 600.0  # seconds for long work of a process with a limit
IDLE: Final = 10.0  # seconds without a statement in a transaction
# MySQL's limit ends every idle connection, also one without a transaction.
IDLE_LINE: Final = 30.0  # seconds

_bound: float | None = None
_here = threading.local()


def bind(seconds: float) -> None:
    """Limit each statement of this process to this many seconds."""
    global _bound
    _bound = seconds


def limit() -> float | None:
    """Return the limit of one statement in this thread in seconds, or None."""
    is_long = _bound is not None and getattr(_here, "is_long", False)
    return LONG if is_long else _bound


@contextmanager
def lifted() -> Iterator[None]:
    """Allow LONG seconds for statements of this thread, for work on many rows."""
    _here.is_long = True
    try:
        _tell()
        yield
    finally:
        _here.is_long = False
        with suppress(Error):  # a broken connection is replaced before its next use
            _tell()


def _tell() -> None:
    """Set the limit on the thread's connection, if it is open and has limits."""
    wrapper: Any = connection
    if wrapper.connection is not None and hasattr(wrapper, "tell_limits"):
        wrapper.tell_limits()
