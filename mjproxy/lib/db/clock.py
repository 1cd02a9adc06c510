"""Clock: compare this machine's time with the database server's.

Claims, leases and pauses are times that one machine writes and another compares with
its own clock. If clocks differ by seconds, a claim that is held seems expired, and its
task is drawn twice. So a process whose clock is wrong does no work; it checks again and
continues by itself once the clock is right.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final

import redis
from django.db import Error, connection

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop, signs_of_life

logger = logging.getLogger(__name__)

MOST: Final = 1.0  # seconds by which the clock may be wrong
EVERY: Final = 2.0  # seconds between two comparisons
# SQLite is a file of this machine, so there is one clock only.
_SQL: Final = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    "mysql": (
        "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000"
    ),
}
_KEY: Final = "mjproxy:wrong-clocks"
_KEPT: Final = 10  # seconds for which a host is shown after its last report


@dataclass
class _Seen:
    """Result of this process's last comparison."""

    skew: float = 0.0
    at: float | None = None  # by time.monotonic()
    drift: float = 0.0  # wall clock minus monotonic clock


_seen = _Seen()
_lock = threading.Lock()


def skew() -> float | None:
    """Return the seconds by which our clock is at least ahead; negative if behind.

    The database's time was read at some moment of the round trip, so half of the round
    trip is tolerated. None if the round trip took too long. Raises django.db.Error.
    """
    query = _SQL.get(connection.vendor)
    if query is None:
        return 0.0
    with connection.cursor() as cursor:  # connecting is no part of the round trip
        before = time.time()
        cursor.execute(query)
        there = float(cursor.fetchone()[0])
        after = time.time()
    sure = max(0.0, before - there) or min(0.0, after - there)
    return None if not sure and after - before > 2 * MOST else sure


def is_right() -> bool:
    """Tell whether this process may work; the database is asked every few seconds.

    While it does not answer, the last result counts.
    """
    # Only the first comparison is waited for: the database may be slow.
    if _is_due() and _lock.acquire(blocking=_seen.at is None):
        try:
            if _is_due():
                _look()
        finally:
            _lock.release()
    return was_right()


def was_right() -> bool:
    """Return the last result, without asking the database."""
    return abs(_seen.skew) <= MOST


def words() -> str:
    """Return the problem in words for people."""
    way = "ahead of" if _seen.skew > 0 else "behind"
    return f"{abs(_seen.skew):.1f} s {way} the database's"


def _is_due() -> bool:
    if _seen.at is None or time.monotonic() - _seen.at >= EVERY:
        return True
    # The clock was set, or the machine has slept.
    return abs(time.time() - time.monotonic() - _seen.drift) > MOST / 2


def _look() -> None:
    was = was_right()
    with contextlib.suppress(Error):  # the database is away; its callers will notice
        found = skew()
        _seen.skew = _seen.skew if found is None else found
    now = time.monotonic()
    _seen.at, _seen.drift = now, time.time() - now
    if not was_right():
        _tell()
        if was:
            logger.error(
                "this machine's clock is %s: this process waits until it is right",
                words(),
            )
    elif not was:
        logger.info("this machine's clock is right again")


def keep_looking() -> None:
    """Compare the clock from now on at intervals, also while there is no work."""
    event_loop.spawn(_look_for_ever())


async def _look_for_ever() -> None:
    while True:
        await in_thread(is_right)
        await asyncio.sleep(EVERY)


# --- other machines -------------------------------------------------------------------


def _tell() -> None:
    """Report to Redis that this machine's clock is wrong, for other machines."""
    with contextlib.suppress(redis.RedisError):
        pipe = signs_of_life.client().pipeline()
        pipe.hset(_KEY, socket.gethostname()[:60], f"{_redis_time()} {words()}")
        pipe.expire(_KEY, 60)
        pipe.execute()


def wrong_clocks() -> dict[str, str]:
    """Return hosts with a wrong clock and the problem; without Redis only our own."""
    own = {} if is_right() else {socket.gethostname()[:60]: words()}
    try:
        now, told = _redis_time(), signs_of_life.client().hgetall(_KEY)
    except redis.RedisError:
        return own
    found = {}
    for host, value in told.items():
        at, _, said = value.decode().partition(" ")
        if now - int(at) <= _KEPT:
            found[host.decode()] = said
    return found | own


def _redis_time() -> int:
    seconds, _ = signs_of_life.client().time()
    return int(seconds)
