"""Celery's connection to Redis: reconnects soon, and knows whether it is alive.

The worker asks Redis for jobs and gets an answer at least once a second, even if there
is no job. kombu's health check, whose interval is in the settings, drops a connection
that does not answer.
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
DEAF: Final = 4.0  # seconds without an answer after which the connection counts as dead

_heard_at = 0.0


class Connection(kombu.Connection):
    """Broker connection that retries every second, and can be closed after a loss.

    kombu's own pauses grow to 30 s.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": AGAIN, "interval_step": 0, "interval_max": AGAIN}
        return super().ensure_connection(*args, **{**pauses, **kwargs})

    def maybe_close_channel(self, channel: Any) -> None:
        """Close a channel; one without an address can give back no job, so let it be.

        Celery closes a lost connection twice. The first close stops at the first
        channel that fails, and takes the address from the others. kombu then raises an
        AttributeError, which would end the worker. Redis still has the job and gives it
        out again after `visibility_timeout`.
        """
        try:
            super().maybe_close_channel(channel)
        except AttributeError:
            if channel.connection.client is not None:
                raise


class Amqp(AMQP):
    Connection = Connection


class AnswerTimeStep(bootsteps.StartStopStep):
    """Time of Redis's last answer to a worker that asks for jobs."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        handlers = consumer.task_consumer.channel.handlers
        handlers["BRPOP"] = with_answer_time(handlers["BRPOP"])


def with_answer_time(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `read` so that it notes each answer, also "no job"."""

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


def is_consuming() -> bool:
    """Tell whether this worker would receive a job now."""
    return time.monotonic() - _heard_at < DEAF
