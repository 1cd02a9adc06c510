"""Nudges: short messages that make another process look at rows soon.

A nudge to a worker is the name of a job and the id of a row, kept in Redis as a member
of a sorted set. So a nudge that waits there already is not added again. Workers take
them out (`mjproxy/redis/nudge_listener.py`) and call the functions of `nudge_handlers`.
Nudges to pages and gateways are messages on channels of Redis, for who listens now.

A thread of its own sends all that have come together with one write: no caller waits.
redis-py's asyncio client would cost ten times the processor time for each message.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any, Final

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

REST: Final = 2.0  # seconds without a nudge after Redis was not found
GATHER: Final = 0.05  # seconds that nudges without hurry wait for others
# Seconds between two rounds of messages. Streams tell a change at most every 0.2 s.
ROUND: Final = 0.05

Nudge = tuple[str, tuple[int, ...]]
Message = tuple[str, bytes]  # a channel of Redis, and what is published on it
Source = Callable[[], Iterable[Message]]
Command = list[Any]

_away_until = 0.0
_waiting: SimpleQueue[Nudge | Source] = SimpleQueue()
_hurry: Final = threading.Event()
_sender_of: int = 0  # the process whose thread sends; a forked child has none
_starting = threading.Lock()


def nudge(job: str, *ids: int, hurry: bool = True) -> None:
    """Ask a worker to do the job of this name for these rows soon.

    Without hurry it may wait a moment, so that more go together. A lost nudge does no
    harm: a job of beat finds the row.
    """
    _waiting.put((job, ids))
    if hurry:
        _hurry.set()
    _see_to_the_thread()


def publish(source: Source) -> None:
    """Publish the messages that `source` returns when the thread calls it.

    That is at once, unless there was a round of messages within ROUND seconds. A source
    that is given again meanwhile is called once.
    """
    _waiting.put(source)
    _hurry.set()
    _see_to_the_thread()


def _see_to_the_thread() -> None:
    global _sender_of
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


def put(
    connection: Any, members: Iterable[str], messages: Iterable[Message] = ()
) -> None:
    """Add nudges to those that wait in Redis; publish messages. Raises RedisError."""
    commands = [*_additions(members), *(["PUBLISH", *each] for each in messages)]
    if not commands:
        connection.connect()
        return
    connection.send_packed_command(connection.pack_commands(commands))
    refusals = []
    for _ in commands:  # all answers are read, or the next command would get them
        try:
            connection.read_response()
        except redis.ResponseError as exc:
            refusals.append(exc)
    if refusals:
        raise refusals[0]


def _additions(members: Iterable[str]) -> Iterable[Command]:
    now = time.time()
    commands: dict[str, Command] = {}
    for member in members:
        job = member.rpartition(":")[0]
        queue = settings.NUDGE_QUEUES.get(job, settings.CELERY_TASK_DEFAULT_QUEUE)
        key = key_of(queue)
        commands.setdefault(key, ["ZADD", key, "NX"]).extend((now, member))
    return commands.values()


def send(
    connection: Any, nudges: Iterable[Nudge], messages: Iterable[Message] = ()
) -> bool:
    """Send nudges and messages now; return False if Redis is away."""
    global _away_until
    if time.monotonic() < _away_until:
        return False
    members = {f"{job}:{pk}" for job, ids in nudges for pk in ids}
    try:
        _put_surely(connection, members, list(messages))
    except Exception as exc:
        _away_until = time.monotonic() + REST
        said = "no nudges: %s"
        logger.warning(said, type(exc).__name__, extra={"error": exc})
        return False
    return True


def _put_surely(connection: Any, members: set[str], messages: list[Message]) -> None:
    try:
        put(connection, members, messages)
    except (redis.ConnectionError, redis.TimeoutError):
        # An idle connection may have broken unseen, say by a restart of Redis.
        put(connection, members, messages)


def _send_all() -> None:
    connection = connection_to_redis(answers_within=2.0)
    sources: dict[Source, None] = {}  # in the order in which they came
    round_at = 0.0  # when the next round may be
    while True:
        pause = max(0.0, round_at - time.monotonic()) if sources else None
        nudges = []
        for work in _come(pause):
            if callable(work):
                sources[work] = None
            else:
                nudges.append(work)
        messages: list[Message] = []
        if sources and time.monotonic() >= round_at:
            messages = [each for source in sources for each in _messages(source)]
            sources.clear()
            round_at = time.monotonic() + ROUND
        if nudges or messages:
            send(connection, nudges, messages)


def _messages(source: Source) -> Iterable[Message]:
    try:
        return source()
    except Exception:  # a fault there must not end the thread that all nudges need
        logger.exception("messages of a change are lost")
        return []


def _come(patience: float | None) -> list[Nudge | Source]:
    """Return all that waits; wait `patience` seconds for it at most, if given."""
    try:
        found = [_waiting.get(timeout=patience)]
    except Empty:
        return []
    _hurry.wait(GATHER)
    _hurry.clear()
    while not _waiting.empty():  # no other thread takes any
        found.append(_waiting.get())
    return found
