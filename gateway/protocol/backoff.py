"""Delays between connection attempts."""

from __future__ import annotations

import random
from typing import Final

LONGEST: Final = 60.0


def delay(attempt: int, *, rng: random.Random | None = None) -> float:
    """Return the seconds to wait before attempt number `attempt`, 1 being the first
    repetition: doubling from one second to a minute, with jitter over the upper half.
    """
    ceiling = min(LONGEST, 2.0 ** min(attempt - 1, 10))
    draw = rng or random.SystemRandom()
    return ceiling * (0.5 + draw.random() / 2)
