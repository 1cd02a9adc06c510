"""Time: the wall clock, and delays that a speed factor divides."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Sleeps `speed` times shorter than asked; its reading is the wall clock."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.speed = speed

    def now(self) -> float:
        return time.time()

    def scaled(self, seconds: float) -> float:
        """The real seconds that a delay of `seconds` takes."""
        return max(0.0, seconds) / self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.scaled(seconds))

    def stamp(self, skew: float = 0.0) -> str:
        """Now as Discord writes timestamps, `skew` seconds off."""
        moment = datetime.now(UTC) + timedelta(seconds=skew)
        return moment.isoformat(timespec="microseconds")
