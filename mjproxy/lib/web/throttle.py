"""Counts of failed sign-ins and keys, so that no secret can be guessed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import Final

from django.core.cache import cache

logger = logging.getLogger(__name__)

SIGN_IN: Final = "sign-in"
WINDOW: Final = 300  # seconds
TRIES_PER_ADDRESS: Final = 10
TRIES_PER_NAME: Final = 30  # higher, so that others cannot lock a person out


def too_many_tries(*, address: str | None, name: str, scope: str = SIGN_IN) -> bool:
    """Count a try before it is checked, and tell whether there were too many.

    Without a cache nothing is counted, so that people with a right key can come in.
    """
    try:
        counters = _counters(scope, address, name)
        counted = [(count(key), limit) for key, limit in counters]
    except Exception as exc:
        logger.warning("%s tries are not counted: %s", scope, exc)
        return False
    return any(count > limit for count, limit in counted)


def forget_tries(*, address: str | None, name: str, scope: str = SIGN_IN) -> None:
    """Take back the count of a successful try; the name starts at zero."""
    (of_address, _), *of_name = _counters(scope, address, name)
    try:
        cache.decr(of_address)
        cache.delete_many([key for key, _ in of_name])
    except Exception as exc:
        logger.warning("%s tries are not counted: %s", scope, exc)


def _counters(scope: str, address: str | None, name: str) -> Iterator[tuple[str, int]]:
    yield f"{scope}:address:{address or ''}", TRIES_PER_ADDRESS
    if name:
        digest = hashlib.sha256(name.lower().encode()).hexdigest()
        yield f"{scope}:name:{digest}", TRIES_PER_NAME


def count(key: str, seconds: int = WINDOW) -> int:
    """Count a try; return the number of tries within `seconds` of the first."""
    if cache.add(key, 1, seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just expired
        cache.set(key, 1, seconds)
        return 1
