"""Counters of requests and blocks of addresses, in Redis for all processes.

A request is one call of Redis: one script checks the block and all counters, and then
counts. A window begins with its first request. Without Redis nothing is counted.
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Final, cast

from django.conf import settings
from django.utils import timezone
from limits.storage import RedisStorage
from redis.exceptions import RedisError

from accounts.exceptions import AddressBlocked, TooManyRequests
from accounts.protection.places import Place, place_of
from accounts.protection.rules import BLOCK, LIMIT, Counter

logger = logging.getLogger(__name__)

_PREFIX: Final = "mjproxy-protection"
_SCRIPT: Final = Path(__file__).with_name("count.lua").read_text()
_WAITS: Final = {"socket_connect_timeout": 1, "socket_timeout": 1}
# Seconds without a further try after Redis did not answer.
REST: Final = 1.0
MOST_SHOWN: Final = 500  # blocks
MOST_READ: Final = 20_000  # counters

_rests_until = 0.0


class Store:
    """The place of all counters and blocks."""

    def __init__(self, url: str) -> None:
        # The library knows sockets under a name of its own.
        uri = url.replace("unix://", "redis+unix://", 1)
        options: Any = _WAITS
        storage = RedisStorage(uri, key_prefix=_PREFIX, **options)
        self.key = storage.prefixed_key
        self.redis = cast(Any, storage.get_connection())
        self.blocks = self.key("blocks")
        self.count = self.redis.register_script(_SCRIPT)

    def reason(self, address: str) -> str:
        """Return the key of the counter that has led to a block."""
        return self.key(f"reason/{address}")


@cache
def _store_at(url: str) -> Store:
    return Store(url)


def _store() -> Store:
    return _store_at(settings.REDIS_URL)


def count(
    place: Place,
    limiting: Sequence[Counter],
    blocking: Sequence[Counter],
    block_minutes: int,
) -> None:
    """Count a request, if all counters have room.

    With `block_minutes` blocks hold. Raises TooManyRequests where a limiting counter is
    full. Raises AddressBlocked where the address is blocked, or is blocked now, because
    a blocking counter is full.
    """
    global _rests_until
    if time.monotonic() < _rests_until:
        return
    try:
        kind, wait = _count(place, limiting, blocking, block_minutes)
    except RedisError as exc:
        _rests_until = time.monotonic() + REST
        said = "requests are not counted, and no address is blocked: %s"
        logger.warning(said, exc, extra={"error": exc})
        return
    seconds = max(1, ceil(wait / 1000))
    if kind == LIMIT:
        raise TooManyRequests(seconds)
    if kind == BLOCK:
        raise AddressBlocked(seconds)


def _count(
    place: Place,
    limiting: Sequence[Counter],
    blocking: Sequence[Counter],
    block_minutes: int,
) -> tuple[str, int]:
    store, every = _store(), [*limiting, *blocking]
    keys = [store.blocks, store.reason(place.address)]
    values: list[Any] = [place.address, block_minutes * 60_000, len(limiting)]
    for counter in every:
        keys.append(store.key(counter.key))
        values += counter.most, counter.seconds
    kind, wait = store.count(keys, values)
    return kind.decode(), wait


# --- for operators --------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A counter as an operator sees it."""

    blocks: bool  # else it limits
    network: str
    pattern: str
    seconds: int
    most: int
    count: int = 0

    @property
    def percent(self) -> int:
        return 100 * self.count // self.most


@dataclass(frozen=True)
class Block:
    """A blocked address; `rule` is None if it is not known any more."""

    address: str
    until: datetime
    rule: Shown | None


def blocks() -> list[Block]:
    """Return the blocks that hold, those that end last first. Raises RedisError."""
    store = _store()
    now = timezone.now().timestamp() * 1000
    found = store.redis.zrevrangebyscore(
        store.blocks, "+inf", now, start=0, num=MOST_SHOWN, withscores=True
    )
    if not found:
        return []
    addresses = [address.decode() for address, _ in found]
    reasons = store.redis.mget(map(store.reason, addresses))
    return [
        Block(address, datetime.fromtimestamp(ends / 1000, UTC), _shown(reason))
        for address, (_, ends), reason in zip(addresses, found, reasons, strict=True)
    ]


def fullest(most: int) -> list[Shown]:
    """Return the counters with the highest share of their limit. Raises RedisError."""
    store = _store()
    keys = list(islice(_counters(store), MOST_READ))
    counts = store.redis.mget(keys) if keys else []
    found = (
        _shown(key, int(count))
        for key, count in zip(keys, counts, strict=True)
        if count is not None
    )
    return heapq.nlargest(most, filter(None, found), key=lambda each: each.percent)


def unblock(text: str) -> bool:
    """End the block of an address and empty its counters that are full.

    Returns whether it was blocked. Raises ValueError for what is no address, and
    RedisError.
    """
    store, place = _store(), place_of(text)
    for network in place.networks:
        for key in _counters(store, f"{BLOCK}/{network.replace('/', '-')}/*"):
            shown = _shown(key, int(store.redis.get(key) or 0))
            if shown and shown.count >= shown.most:
                store.redis.delete(key)
    store.redis.delete(store.reason(place.address))
    ends = store.redis.zscore(store.blocks, place.address)
    store.redis.zrem(store.blocks, place.address)
    return bool(ends and ends > timezone.now().timestamp() * 1000)


def _counters(store: Store, match: str = "") -> Iterator[bytes]:
    for each in (match,) if match else (f"{LIMIT}/*", f"{BLOCK}/*"):
        yield from store.redis.scan_iter(store.key(each), count=1000)


def _shown(key: bytes | None, count: int = 0) -> Shown | None:
    """Read the key that `Stage.counters` has made."""
    if key is None:
        return None
    name = key.decode().removeprefix(f"{_PREFIX}:")
    namespace, network, rest = name.split("/", 2)
    pattern, most, seconds, _ = rest.rsplit("/", 3)
    return Shown(
        namespace == BLOCK,
        network.replace("-", "/"),
        pattern,
        int(seconds),
        int(most),
        count,
    )
