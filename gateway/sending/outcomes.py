"""Write the outcome of a post, even if the database is away for a while.

Only the process with the claim knows whether its post has left, and how Discord has
answered. If it forgot that, the claim would stand until a request cannot arrive any
more (`gateway.timing.REQUEST_LIFE`). After that time others judge the claim.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, ParamSpec

from gateway import timing
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import backoff

P = ParamSpec("P")
logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5  # seconds
LONGEST_PAUSE: Final = 5.0  # seconds


async def keep(
    write: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
) -> None:
    """Run `write` in a thread; repeat it while the database is away.

    `write` must be safe to repeat. Raises the database's error after REQUEST_LIFE.
    """
    end, attempt = time.monotonic() + timing.REQUEST_LIFE.total_seconds(), 0
    while True:
        try:
            await in_thread(write, *args, **kwargs)
        except faults.AWAY as exc:
            if time.monotonic() > end:
                raise
            said = "outcome of a post not written, tried again later: %s"
            logger.warning(said, type(exc).__name__, extra={"error": exc})
        else:
            return
        attempt += 1
        pause = backoff.delay(attempt, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        await asyncio.sleep(pause)
