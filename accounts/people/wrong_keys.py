"""Limit the wrong keys of each address, so that keys cannot be guessed.

An address with too many wrong keys is refused for a while, without a look-up. Keys that
were right before still work there, because many people may share an address.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
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
    A key beside the right one counts as wrong: nobody may guess behind a key of theirs.
    """
    asked = {digest(key): key for key in keys}
    is_known = asked.keys() <= _known.keys()
    if not is_known and _is_shut(address):
        right = _right_before(asked)
        asked = {each: key for each, key in asked.items() if each in right}
        if not asked:
            raise TooManyTries(WINDOW)
    try:
        found = owner_of([*asked.values()], address)
    except KeyRefused:
        _count(address)
        raise
    if found is None or len(asked) > 1:
        _count(address)
    if found and not is_known:
        _remember(found[1].digest)
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


def _right_before(digests: Iterable[str]) -> set[str]:
    """Return those of these keys that any process has remembered as right."""
    names = {f"right-key:{each}": each for each in digests}
    try:
        return {names[name] for name in cache.get_many(names)}
    except Exception as exc:
        _uncounted(exc)
        return set(names.values()) & _known.keys()


def _remember(right: str) -> None:
    if right in _known:
        return
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[right] = None
    try:
        cache.set(f"right-key:{right}", 1, _REMEMBERED)
    except Exception as exc:
        _uncounted(exc)


def _uncounted(error: Exception) -> bool:
    """Count nothing without a cache, so that valid keys still work; return False."""
    logger.debug("wrong keys are not counted: %s", error)
    return False
