"""Make snowflakes, job uuids, session ids and signatures of CDN links."""

import hashlib
import random
import secrets
import time
import uuid

from gateway.simulator.base.constants import DISCORD_EPOCH_MS

# First moment of a seeded world: 2026-01-10T12:00:00Z.
SEEDED_START_MS = 1768046400000
RUN_MS = 30 * 86400 * 1000


class Ids:
    """Ids: generator of ids that never repeat, deterministic under a seed.

    Seeded snowflakes count up from a fixed moment and do not follow the clock, unless
    `clock_ids` is set. `run` numbers the starts over one state file.
    """

    def __init__(
        self, seed: int | None, *, run: int = 0, clock_ids: bool = False
    ) -> None:
        self._random = random.Random(f"{seed}/{run}") if seed is not None else None
        self._follows_clock = seed is None or clock_ids
        # Each run gets a month of numbers, because ids that are in no state file
        # must not repeat either.
        start = SEEDED_START_MS + run * RUN_MS
        self._last_ms = 0 if self._follows_clock else start
        self._increment = 0
        self.jitter = random.Random(
            f"jitter/{seed}/{run}" if seed is not None else None
        )

    def snowflake(self) -> str:
        """Return a fresh id, greater than all earlier ones."""
        now = int(time.time() * 1000) if self._follows_clock else self._last_ms + 1
        if now > self._last_ms:
            self._last_ms, self._increment = now, 0
        else:
            self._increment += 1
            if self._increment > 0xFFF:
                self._last_ms, self._increment = self._last_ms + 1, 0
        return str((self._last_ms - DISCORD_EPOCH_MS) << 22 | self._increment)

    def stay_above(self, snowflake: str) -> None:
        """Make every later id greater than `snowflake`."""
        self._last_ms = max(self._last_ms, created_ms(snowflake) + 1)

    def uuid(self) -> str:
        if self._random is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex(self, digits: int = 32) -> str:
        if self._random is None:
            return secrets.token_hex(digits // 2)
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"


def created_ms(snowflake: str) -> int:
    """Return the moment in a snowflake, in unix milliseconds."""
    return (int(snowflake) >> 22) + DISCORD_EPOCH_MS


def signature(path: str, expires: str, issued: str) -> str:
    """Return the `hm` of a CDN link.

    It does not change over restarts, so old links stay valid.
    """
    return hashlib.sha256(f"{path}?{expires}&{issued}".encode()).hexdigest()
