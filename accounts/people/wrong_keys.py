"""Wrong keys: counted by the address that they come from, so that none is found out.

An address that has shown too many is not looked up any more, for a while. Keys that
were right before stay welcome there: many people may share an address.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from django.core.cache import cache

from accounts.exceptions import TooManyTries, UserDisabled
from accounts.models import User
from accounts.people.keys import digest, owner_of
from mjproxy.lib.web import throttle

logger = logging.getLogger(__name__)

MOST: Final = 60  # wrong keys from an address in a window
WINDOW: Final = 60  # seconds
_REMEMBERED: Final = 24 * 3600  # seconds for which a right key is known to be one
_MOST_KNOWN: Final = 10_000

# The cache knows more of them, but costs a call each time.
_known: dict[str, None] = {}


def user_by(keys: Sequence[str], address: str | None) -> User | None:
    """Return the active user of one of the keys, which come from an address.

    Raises UserDisabled, and TooManyTries where the keys are not looked at.
    """
    digests = [digest(key) for key in keys]
    is_known = any(each in _known for each in digests)
    if not is_known and _is_shut(address) and not _were_right(digests):
        raise TooManyTries(WINDOW)
    try:
        user = owner_of(keys)
    except UserDisabled:
        _count(address)
        raise
    if user is None:
        _count(address)
    elif not is_known:
        _remember(digests)
    return user


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
    """Tell whether another process has seen one of them be right."""
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
    """Without a cache nothing is counted: the door stays open to who has a key."""
    logger.debug("wrong keys are not counted: %s", error)
    return False
