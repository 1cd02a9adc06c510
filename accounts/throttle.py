"""Counts failed sign-ins, so that passwords and keys cannot be tried out."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import Final

from django.core.cache import cache

logger = logging.getLogger(__name__)

WINDOW: Final = 300  # seconds
TRIES_PER_ADDRESS: Final = 10
TRIES_PER_NAME: Final = 30  # more: else anyone could lock a person out


def too_many_tries(*, address: str | None, name: str) -> bool:
    """Count a try before it is judged, and tell whether there were too many.

    Without a cache nothing is counted: then the door stays open to who has a key.
    """
    try:
        counted = [(_count(key), limit) for key, limit in _counters(address, name)]
    except Exception as exc:
        logger.warning("sign-in tries are not counted: %s", exc)
        return False
    return any(count > limit for count, limit in counted)


def forget_tries(*, address: str | None, name: str) -> None:
    """Take back the count of a try that was right; the name starts anew."""
    (of_address, _), *of_name = _counters(address, name)
    try:
        cache.decr(of_address)
        cache.delete_many([key for key, _ in of_name])
    except Exception as exc:
        logger.warning("sign-in tries are not counted: %s", exc)


def _counters(address: str | None, name: str) -> Iterator[tuple[str, int]]:
    yield f"sign-in:address:{address or ''}", TRIES_PER_ADDRESS
    if name:
        digest = hashlib.sha256(name.lower().encode()).hexdigest()
        yield f"sign-in:name:{digest}", TRIES_PER_NAME


def _count(key: str) -> int:
    if cache.add(key, 1, WINDOW):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out just now
        cache.set(key, 1, WINDOW)
        return 1
