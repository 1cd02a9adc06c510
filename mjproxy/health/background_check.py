"""Health questions asked in threads of their own, apart from the requests.

Each question is asked at most about once a second, however many callers want the
answer. A caller waits for a short time only.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

from django.db import connections

logger = logging.getLogger(__name__)
T = TypeVar("T")

FRESH: Final = 1.0  # seconds for which an answer is used
PATIENCE: Final = 0.8  # seconds that a caller waits for an answer
# Seconds after which a hanging question is asked again: over a new connection it may be
# answered.
ASK_ANEW: Final = 15.0


class Question(Generic[T]):
    """One question about the system; `silent` is the answer while none has come."""

    def __init__(self, ask: Callable[[], T], silent: T) -> None:
        self._ask = ask
        self._answer = self._silent = silent
        self._asked_at = self._told_at = -math.inf
        self._lock = threading.Lock()
        self._told = threading.Event()
        self._told.set()

    def begin(self) -> None:
        """Start asking, unless there is a fresh answer or the question is under way."""
        with self._lock:
            now = time.monotonic()
            is_open = not self._told.is_set()
            if now - (self._asked_at if is_open else self._told_at) < (
                ASK_ANEW if is_open else FRESH
            ):
                return
            self._asked_at = now
            self._told.clear()
        spawn(self._find_out)

    def answer(self) -> T:
        """Return the newest answer, after a short wait at most."""
        self.begin()
        left = self._asked_at + PATIENCE - time.monotonic()
        return self._answer if self._told.wait(max(left, 0.0)) else self._silent

    def forget(self) -> None:
        self._told_at = -math.inf

    def _find_out(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as exc:
            logger.warning("health check failed: %r", exc)
            self._answer = self._silent
        finally:
            self._told_at = time.monotonic()
            self._told.set()


def begin_all(questions: Iterable[Question[Any]]) -> None:
    """Start all questions at the same time."""
    for question in questions:
        question.begin()


def spawn(work: Callable[[], None]) -> None:
    """Run `work` in a daemon thread, which does not keep the process from ending."""

    def working() -> None:
        try:
            work()
        finally:
            connections.close_all()

    threading.Thread(target=working, name="looking", daemon=True).start()
