"""Pauses before a next try: they grow, and jitter keeps many from coming together.

Every loop that repeats something takes its pauses from here.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

LONGEST = 60.0  # seconds; only tests make it shorter, by a settings module of their own
_chance: Final = random.SystemRandom()


def delay(
    attempt: int,
    *,
    first: float = 1.0,
    longest: float | None = None,
    rng: random.Random | None = None,
) -> float:
    """Return the seconds to wait before attempt number `attempt`, 1 being the first
    repetition: doubling from `first` to `longest` or LONGEST, with jitter over the
    upper half.
    """
    ceiling = min(
        LONGEST if longest is None else longest,
        first * 2.0 ** min(max(attempt, 1) - 1, 20),
    )
    draw = rng or _chance
    return ceiling * (0.5 + draw.random() / 2)


def about(seconds: float) -> timedelta:
    """Return a pause from a table, lengthened by up to a tenth at random."""
    return timedelta(seconds=seconds * _chance.uniform(1.0, 1.1))


@dataclass
class Streaks:
    """Counts of consecutive failures of many things, in this process.

    Above `most` things, the one that failed longest ago is forgotten.
    """

    most: int = 10_000
    _counts: OrderedDict[Hashable, int] = field(default_factory=OrderedDict)

    def again(self, key: Hashable) -> int:
        """Count a failure; return how many there were in a row."""
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        while len(self._counts) > self.most:
            self._counts.popitem(last=False)
        return count

    def count(self, key: Hashable) -> int:
        return self._counts.get(key, 0)

    def over(self, key: Hashable) -> None:
        """Forget the failures of a thing that succeeded."""
        self._counts.pop(key, None)

    def forget(self) -> None:
        self._counts.clear()
