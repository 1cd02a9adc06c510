"""Times of webhook calls: the next try after a failure, the end of a claim."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from mjproxy.lib.process import backoff
from tasks.webhooks.posting import Outcome

CLAIM: Final = timedelta(seconds=30)  # longer than a call can take
# Seconds from each failure to the next try; three days in all.
RETRY_AFTER: Final = (
    *(1, 3, 10, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 3 * 3600, 6 * 3600),
    *[12 * 3600] * 5,
)
_chance: Final = random.SystemRandom()


def retry_delay(attempts: int) -> timedelta | None:
    """Return the pause after that many failures, or None to give up."""
    if attempts > len(RETRY_AFTER):
        return None
    return backoff.about(RETRY_AFTER[attempts - 1])


def next_try(attempts: int, outcome: Outcome) -> datetime | None:
    """Return the time of the try after a failed one, or None to give up."""
    delay = None if outcome.hopeless else retry_delay(attempts)
    return None if delay is None else timezone.now() + delay


def claim_end(now: datetime) -> datetime:
    """Return the end of a new claim. Its holder is known by this moment."""
    return now + CLAIM + timedelta(microseconds=_chance.randrange(10**6))
