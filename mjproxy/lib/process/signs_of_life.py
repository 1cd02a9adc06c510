"""Signs of life: processes without an address report to Redis that they run.

It needs settings but no models, so that beat can use it. Without Redis nothing is
reported and nothing is known.
"""

from __future__ import annotations

import contextlib
import enum
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings

EVERY: Final = 2.0  # seconds between two signs
LATE: Final = 10.0  # seconds of silence after which a process counts as dead
WINDOW: Final = 180.0  # seconds in which broken lives are counted
STEADY: Final = 30.0  # seconds after which a life does not belong to a crash loop
MOST_BROKEN: Final = 3
# A worker may serve one queue only, so each queue needs a live worker.
PARTS: Final = {
    "worker": ("worker.dispatch", "worker.default"),
    "beat": ("beat",),
    "gateway": ("gateway",),
}


class State(enum.Enum):
    """State of a part of the product; the value is shown to people."""

    OK = "ok"
    RESTARTING = "restarting"  # it ended badly and was restarted several times lately
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """Data in Redis about one role."""

    state: State
    works: bool  # a process lives that is not in a crash loop


class Life:
    """One process, in its roles."""

    def __init__(self, *roles: str) -> None:
        self.roles = roles
        self.name = f"{_machine()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.works: Callable[[], bool] = lambda: True  # else it gives no sign
        self._next = 0.0
        self._stopped = threading.Event()

    def begin(self) -> None:
        """Report that this process has started."""
        self._write(born=True)

    def sign(self) -> None:
        """Report every few seconds that it lives; may be called as often as wanted."""
        now = time.monotonic()
        if now >= self._next and self.works():
            self._next = now + EVERY
            self._write(born=False)

    def sign_for_ever(self, is_well: Callable[[], bool]) -> None:
        """Report from a thread of its own while all is well, until the process ends."""

        def signing() -> None:
            while not self._stopped.wait(EVERY):
                if is_well():
                    self.sign()

        threading.Thread(target=signing, name="life", daemon=True).start()

    def end(self) -> None:
        """Report a regular end: such a life is not counted as broken."""
        self._stopped.set()
        with contextlib.suppress(redis.RedisError):
            pipe = client().pipeline()
            for role in self.roles:
                pipe.zrem(_alive(role), self.name)
                pipe.zrem(_born(role), self.name)
            pipe.execute()

    def _write(self, *, born: bool) -> None:
        with contextlib.suppress(redis.RedisError):
            now = _now()
            pipe = client().pipeline()
            for role in self.roles:
                for key in (_alive(role), *([_born(role)] if born else [])):
                    pipe.zadd(key, {self.name: now})
                    pipe.zremrangebyscore(key, 0, now - WINDOW)
                    pipe.expire(key, int(2 * WINDOW))
            pipe.execute()


def look(part: str) -> Seen:
    """Return the state of a part: the worst state of its roles."""
    try:
        found = [_look(role) for role in PARTS[part]]
    except redis.RedisError:
        return Seen(State.UNKNOWN, works=False)
    worst = max(found, key=lambda seen: list(State).index(seen.state))
    return Seen(worst.state, all(seen.works for seen in found))


def lives_here(role: str) -> bool:
    """Tell whether a process of this machine reported lately. Raises RedisError."""
    names = client().zrangebyscore(_alive(role), _now() - LATE, "+inf")
    return any(name.startswith(f"{_machine()}:".encode()) for name in names)


def _machine() -> str:
    return socket.gethostname()[:30]


def _look(role: str) -> Seen:
    now = _now()
    pipe = client().pipeline()
    pipe.zrangebyscore(_alive(role), now - LATE, "+inf")
    pipe.zrangebyscore(_born(role), now - WINDOW, "+inf", withscores=True)
    alive, young = pipe.execute()
    born: dict[bytes, float] = dict(young)
    steady = any(born.get(name, 0.0) <= now - STEADY for name in alive)
    if len(born.keys() - set(alive)) >= MOST_BROKEN:
        return Seen(State.RESTARTING, works=steady)
    return Seen(State.OK if alive else State.DOWN, works=bool(alive))


def _now() -> float:
    """Return the time of the Redis server, because clocks of machines differ."""
    seconds, micros = client().time()
    now: float = seconds + micros / 1e6
    return now


def _alive(role: str) -> str:
    return f"mjproxy:alive:{role}"


def _born(role: str) -> str:
    return f"mjproxy:born:{role}"


@cache
def client() -> Any:
    """Return a Redis client with short time limits."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
    )
