"""The cache in Redis, without which pages still open."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError, TimeoutError

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Cache(RedisCache):
    """A cache that knows nothing while Redis is away.

    Tries and used codes are not counted then: people with a right password come in.
    """

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return _unless_away(True, super().add, key, value, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return _unless_away(default, super().get, key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        _unless_away(None, super().set, key, value, *args, **kwargs)

    def delete(self, key: Any, version: Any = None) -> bool:
        return _unless_away(False, super().delete, key, version)


def _unless_away(instead: T, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return call(*args, **kwargs)
    except (ConnectionError, TimeoutError) as exc:
        said = "the cache is away, nothing is counted: %s"
        logger.warning(said, type(exc).__name__, extra={"error": exc})
        return instead
