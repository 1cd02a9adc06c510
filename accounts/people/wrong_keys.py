"""Limit the wrong keys of each address, so that keys cannot be guessed.

An address with too many wrong keys is refused for a while, without a look-up. Keys that
were right before still work there, because many people may share an address.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from django.core.cache import cache

from accounts.exceptions import KeyRefused, TooManyTries
from accounts.models import User
from accounts.people.keys import KeyFacts, digest, owner_of
from mjproxy.lib.web import throttle

logger = logging.getLogger(__name__)

MOST: Final = 60  # wrong keys of one address in a window
WINDOW: Final = 60  # seconds
_REMEMBERED: Final = 24 * 3600  # seconds for which a right key is remembered
_MOST_KNOWN: Final = 10_000

# A copy of a part of the cache, which costs a call for each look-up.
_known: dict[str, None] = {}


def owner_by(keys: Sequence[str], address: str | None) -> tuple[User, KeyFacts] | None:
    """Return a right one of these keys, sent from `address`, with its owner, or None.

    Raises KeyRefused, and TooManyTries if the address has sent too many wrong keys.
    """
    digests = [digest(key) for key in keys]
    is_known = any(each in _known for each in digests)
    if not is_known and _is_shut(address) and not _were_right(digests):
        raise TooManyTries(WINDOW)
    try:
        found = owner_of(keys, address)
    except KeyRefused:
        _count(address)
        raise
    if found is None:
        _count(address)
    elif not is_known:
        _remember(digests)
    return found


def _address(address: str | None) -> str:
    return f"wrong-keys:{address or ''}"


def _is_shut(address: str | None) -> bool:
    try:
        return int(cache.get(_address(address), 0)) >= MOST
    except Exception as exc:
        return _uncounted(exc)


def _count(address: str | None) -> None:
    try:
        throttle.count(_address(address), WINDOW)
    except Exception as exc:
        _uncounted(exc)


def _were_right(digests: Sequence[str]) -> bool:
    """Tell whether any process has remembered one of these keys as right."""
    try:
        return bool(cache.get_many([f"right-key:{each}" for each in digests]))
    except Exception as exc:
        return _uncounted(exc)


def _remember(digests: Sequence[str]) -> None:
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known.update(dict.fromkeys(digests))
    try:
        cache.set_many({f"right-key:{each}": 1 for each in digests}, _REMEMBERED)
    except Exception as exc:
        _uncounted(exc)


def _uncounted(error: Exception) -> bool:
    """Count nothing without a cache, so that valid keys still work; return False."""
    logger.debug("wrong keys are not counted: %s", error)
    return False
