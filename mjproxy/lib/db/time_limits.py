"""How long this process waits for one answer of the database.

Programs that serve (web, worker, gateway) bind themselves once, at their start.
Commands are not bound: a migration may take its time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import Error, connection

REQUESTS: Final = 2.5  # seconds: whoever asks is answered within three
JOBS: Final = 4.0  # seconds: a lease lives for six, and a look more is needed
LONG: Final = 600.0  # seconds for long work of a bound process: it must end as well
IDLE: Final = 10.0  # seconds without a statement, in a transaction: its line is dead
# MySQL ends any idle connection, not only one that has a transaction open.
IDLE_LINE: Final = 30.0  # seconds

_bound: float | None = None
_here = threading.local()


def bind(seconds: float) -> None:
    """Let no statement of this process take longer than so many seconds."""
    global _bound
    _bound = seconds


def limit() -> float | None:
    """Return the seconds that one statement may take in this thread; None: any."""
    is_long = _bound is not None and getattr(_here, "is_long", False)
    return LONG if is_long else _bound


@contextmanager
def lifted() -> Iterator[None]:
    """Let statements of this thread take LONG, for work on many rows."""
    _here.is_long = True
    try:
        _tell()
        yield
    finally:
        _here.is_long = False
        with suppress(Error):  # a broken connection is replaced before its next use
            _tell()


def _tell() -> None:
    """Tell the thread's connection, where it is open and keeps limits of its own."""
    wrapper: Any = connection
    if wrapper.connection is not None and hasattr(wrapper, "tell_limits"):
        wrapper.tell_limits()
