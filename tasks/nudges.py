"""Nudges to Celery's jobs that never hold up who gives them."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from celery import Task as Job

logger = logging.getLogger(__name__)

REST: Final = 2.0  # seconds without a nudge after one that found no broker
LIFE: Final = 60  # seconds after which a beat job has long done the nudge's work

_away_until = 0.0


def nudge(job: Job[Any, Any], *args: int) -> bool:
    """Start `job` soon; return False where the broker is away.

    A lost nudge does no harm: a beat job finds the row.
    """
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        job.apply_async(args, expires=LIFE)
    except Exception as exc:  # kombu wraps some of the broker's errors, not all
        _away_until = time.monotonic() + REST
        logger.warning("no nudge to %s: %s", job.name, type(exc).__name__)
        return False
    return True
