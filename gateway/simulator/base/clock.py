"""Tell the time, and sleep for delays that a speed factor divides."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Clock: reads the wall clock; its sleeps are divided by `speed`."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.speed = speed

    def now(self) -> float:
        return time.time()

    def scaled(self, seconds: float) -> float:
        """Return the real seconds that a delay of `seconds` takes."""
        return max(0.0, seconds) / self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.scaled(seconds))

    def stamp(self, skew: float = 0.0) -> str:
        """Return the present moment as a Discord timestamp, plus `skew` seconds."""
        moment = datetime.now(UTC) + timedelta(seconds=skew)
        return moment.isoformat(timespec="microseconds")
