"""Nudges: short messages that make a worker look at rows soon.

A nudge is the name of a job and the id of a row, kept in Redis as a member of a sorted
set. So a nudge that waits there already is not added again. A thread of its own sends
them, all that have come together with one command: no caller waits. Workers take them
out (`mjproxy/redis/nudge_listener.py`) and call the functions of `nudge_handlers`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from queue import SimpleQueue
from typing import Any, Final

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

REST: Final = 2.0  # seconds without a nudge after Redis was not found
GATHER: Final = 0.05  # seconds that nudges without hurry wait for others

Nudge = tuple[str, tuple[int, ...]]

_away_until = 0.0
_waiting: SimpleQueue[Nudge] = SimpleQueue()
_hurry: Final = threading.Event()
_sender_of: int = 0  # the process whose thread sends; a forked child has none
_starting = threading.Lock()


def nudge(job: str, *ids: int, hurry: bool = True) -> None:
    """Ask a worker to do the job of this name for these rows soon.

    Without hurry it may wait a moment, so that more go together. A lost nudge does no
    harm: a job of beat finds the row.
    """
    global _sender_of
    _waiting.put((job, ids))
    if hurry:
        _hurry.set()
    if _sender_of != os.getpid():
        with _starting:
            if _sender_of != os.getpid():
                _sender_of = os.getpid()
                threading.Thread(target=_send_all, name="nudges", daemon=True).start()


def connect() -> None:
    """Connect to Redis now, so that the first nudge does not wait for that."""
    nudge("")


def key_of(queue: str) -> str:
    """Return the key of a queue's nudges in Redis."""
    return f"mjproxy:nudges:{queue}"


def connection_to_redis(*, answers_within: float) -> Any:
    """Return a connection that connects, and connects again, when it is used.

    A bare connection, because redis-py's client takes twice the processor time.
    """
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL,
        protocol=2,
        socket_connect_timeout=1,
        socket_timeout=answers_within,
    )
    return pool.make_connection()


def put(connection: Any, members: Iterable[str]) -> None:
    """Add nudges to those that wait in Redis. Raises RedisError."""
    now = time.time()
    commands: dict[str, list[Any]] = {}
    for member in members:
        job = member.rpartition(":")[0]
        queue = settings.NUDGE_QUEUES.get(job, settings.CELERY_TASK_DEFAULT_QUEUE)
        key = key_of(queue)
        commands.setdefault(key, ["ZADD", key, "NX"]).extend((now, member))
    for command in commands.values():
        connection.send_command(*command)
        connection.read_response()


def send(connection: Any, nudges: Iterable[Nudge]) -> bool:
    """Send nudges now; return False if Redis is away."""
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        _put_surely(connection, {f"{job}:{pk}" for job, ids in nudges for pk in ids})
    except Exception as exc:
        _away_until = time.monotonic() + REST
        said = "no nudges: %s"
        logger.warning(said, type(exc).__name__, extra={"error": exc})
        return False
    return True


def _put_surely(connection: Any, members: set[str]) -> None:
    if not members:
        connection.connect()
    try:
        put(connection, members)
    except (redis.ConnectionError, redis.TimeoutError):
        # An idle connection may have broken unseen, say by a restart of Redis.
        put(connection, members)


def _send_all() -> None:
    connection = connection_to_redis(answers_within=2.0)
    while True:
        nudges = [_waiting.get()]
        _hurry.wait(GATHER)
        _hurry.clear()
        while not _waiting.empty():  # no other thread takes any
            nudges.append(_waiting.get())
        send(connection, nudges)
