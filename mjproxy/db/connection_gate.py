"""The way to the database: after a wait in vain, one caller looks and others fail.

Else each of a process's threads would wait for its own time limit, again and again.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db.utils import OperationalError

REST: Final = 1.0  # seconds in which nobody tries after a wait in vain
SLOW: Final = 0.5  # seconds after which a failure counts as a wait


class Away(OperationalError):
    """The database did not answer a moment ago, and another looks whether it does."""


class Door:
    """Lets callers connect, but for a moment after they have waited in vain."""

    def __init__(self) -> None:
        self.silent_at = -math.inf  # what was last heard before is not trusted
        self._shut_until = -math.inf
        self._looking = threading.Lock()

    def note_silence(self) -> None:
        """Note that a call was not answered in time."""
        self.silent_at = time.monotonic()
        self._shut_until = self.silent_at + REST

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Connect within; raise Away where nobody should try."""
        began = time.monotonic()
        if self._shut_until == -math.inf:
            looks = False
        elif began >= self._shut_until and self._looking.acquire(blocking=False):
            looks = True
        else:
            raise Away("the database did not answer a moment ago")
        try:
            yield
        except Exception:
            if time.monotonic() - began > SLOW:
                self._shut_until = time.monotonic() + REST
            raise
        else:
            self._shut_until = -math.inf
        finally:
            if looks:
                self._looking.release()


door: Final = Door()
