"""Celery's way to Redis: it comes back soon, and tells whether it hears.

The worker asks Redis for jobs and is answered at least once a second, if only that
there are none. A connection that is not answered is dropped by kombu's own check, whose
interval the settings name.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty
from typing import Any, Final

import kombu
from celery import bootsteps
from celery.app.amqp import AMQP

AGAIN: Final = 1.0  # seconds between two tries to connect
DEAF: Final = 4.0  # seconds without an answer after which a worker hears nothing

_heard_at = 0.0


class Connection(kombu.Connection):
    """Tries again every second: kombu's own pauses grow to half a minute."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": AGAIN, "interval_step": 0, "interval_max": AGAIN}
        return super().ensure_connection(*args, **{**pauses, **kwargs})


class Amqp(AMQP):
    Connection = Connection


class Hearing(bootsteps.StartStopStep):
    """Notes when Redis has last answered a worker that asks for jobs."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        handlers = consumer.task_consumer.channel.handlers
        handlers["BRPOP"] = noting(handlers["BRPOP"])


def noting(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return `read`, which notes each answer; no job is one too."""

    def reading(**options: Any) -> Any:
        global _heard_at
        try:
            found = read(**options)
        except Empty:
            _heard_at = time.monotonic()
            raise
        _heard_at = time.monotonic()
        return found

    return reading


def hears() -> bool:
    """Tell whether this worker would hear of a job now."""
    return time.monotonic() - _heard_at < DEAF
