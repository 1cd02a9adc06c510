"""Nudges to Celery's jobs, sent by a separate thread so that no caller waits."""

from __future__ import annotations

import logging
import os
import threading
import time
from queue import SimpleQueue
from typing import Final

from celery import current_app

logger = logging.getLogger(__name__)

REST: Final = 2.0  # seconds without a nudge after the broker was not found
LIFE: Final = 60  # seconds after which a beat job has done the nudge's work

_away_until = 0.0
_waiting: SimpleQueue[tuple[str, tuple[int, ...]]] = SimpleQueue()
_sender_of: int = 0  # the process whose thread sends; a forked child has none
_starting = threading.Lock()


def nudge(job: str, *args: int) -> None:
    """Ask a worker to start the job of this name soon.

    A lost nudge does no harm: a beat job finds the row.
    """
    global _sender_of
    _waiting.put((job, args))
    if _sender_of != os.getpid():
        with _starting:
            if _sender_of != os.getpid():
                _sender_of = os.getpid()
                threading.Thread(target=_send_all, name="nudges", daemon=True).start()


def send(job: str, *args: int) -> bool:
    """Send the job now; return False if the broker is away."""
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        current_app.send_task(job, args, expires=LIFE)
    except Exception as exc:  # kombu wraps only some of the broker's errors
        _away_until = time.monotonic() + REST
        said = "no nudge to %s: %s"
        logger.warning(said, job, type(exc).__name__, extra={"error": exc})
        return False
    return True


def _send_all() -> None:
    while True:
        job, args = _waiting.get()
        send(job, *args)
