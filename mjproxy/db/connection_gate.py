"""Gate before new database connections: after a timeout one caller tries, others fail.

Without it each thread of a process would wait for its own time limit, again and again.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db.utils import OperationalError

REST: Final = 1.0  # seconds without a new try after a timeout
SLOW: Final = 0.5  # seconds after which a failed connection counts as a timeout


class Away(OperationalError):
    """The database did not answer a moment ago, and another caller is trying."""


class ConnectionGate:
    """Gate that lets callers connect, except for a moment after a timeout."""

    def __init__(self) -> None:
        self.silent_at = -math.inf  # older connections are not trusted
        self._closed_until = -math.inf
        self._trying = threading.Lock()

    def note_silence(self) -> None:
        """Note that a call was not answered in time."""
        self.silent_at = time.monotonic()
        self._closed_until = self.silent_at + REST

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Connect inside of this block; raises Away while the gate is closed."""
        began = time.monotonic()
        if self._closed_until == -math.inf:
            tries = False
        elif began >= self._closed_until and self._trying.acquire(blocking=False):
            tries = True
        else:
            raise Away("the database did not answer a moment ago")
        try:
            yield
        except Exception:
            if time.monotonic() - began > SLOW:
                self._closed_until = time.monotonic() + REST
            raise
        else:
            self._closed_until = -math.inf
        finally:
            if tries:
                self._trying.release()


gate: Final = ConnectionGate()
