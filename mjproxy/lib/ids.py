"""Ids of tasks and nonces of interactions."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Final

DISCORD_EPOCH_MS: Final = 1420070400000
_LAST_MS: Final = 253_000_000_000_000  # in the year 9987

_lock = threading.Lock()
_last = 0


def new_task_id() -> int:
    """Return a number of 16 digits below 2**53 that grows with time.

    Milliseconds and three random digits. Within one process no id repeats; between
    processes the primary key decides, and the row is written under the next id.
    """
    global _last
    candidate = time.time_ns() // 1_000_000 * 1000 + secrets.randbelow(1000)
    with _lock:
        _last = max(candidate, _last + 1)
        return _last


def first_task_id_of(moment: datetime) -> int:
    """Return the smallest id that a task submitted at `moment` can have."""
    return int(moment.timestamp() * 1000) * 1000


def moment_of_task_id(task_id: int) -> datetime:
    """Return the moment at which a task with this id was submitted, to a millisecond.

    A number that is too small or too large for a date gives the nearest possible one.
    """
    seconds = min(max(task_id // 1000, 0), _LAST_MS) / 1000
    return datetime.fromtimestamp(seconds, tz=UTC)


def new_nonce() -> str:
    """Return a snowflake of now with 22 random low bits."""
    ms = time.time_ns() // 1_000_000 - DISCORD_EPOCH_MS
    return str(ms << 22 | secrets.randbits(22))


def new_picture_key() -> str:
    return secrets.token_hex(12)
