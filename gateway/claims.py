"""Claims on slow work: short, and renewed while their holder lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

from tasks.database import in_thread

# A claim whose holder was killed runs out after so long: then another may have it.
CLAIM: Final = timedelta(seconds=8)
RENEW_EVERY: Final = 2.5  # seconds


@contextlib.asynccontextmanager
async def renewing(renew: Callable[[int], object], pk: int) -> AsyncIterator[None]:
    """Call `renew(pk)` in a thread again and again until the block is left."""
    task = asyncio.create_task(_renew(renew, pk))
    try:
        yield
    finally:
        task.cancel()


async def _renew(renew: Callable[[int], object], pk: int) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY)
        await in_thread(renew, pk)
