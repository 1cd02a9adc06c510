"""Note when keys were last used: at most once a minute, and beside the answer."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

EVERY: Final = 60.0  # seconds
_MOST_NOTED: Final = 10_000

_noted: dict[int, float] = {}  # when this process noted a key last


def note(key_id: int) -> None:
    """Have the time of a key's use written soon, if that was not done just now."""
    now = time.monotonic()
    if now - _noted.get(key_id, -EVERY) < EVERY:
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[key_id] = now
    _later(key_id, timezone.now())


def _later(key_id: int, moment: datetime) -> None:
    event_loop.spawn(_write(key_id, moment))


async def _write(key_id: int, moment: datetime) -> None:
    try:
        await in_thread(store, key_id, moment)
    except DatabaseError as exc:
        logger.debug("the use of key %s is not written: %s", key_id, exc)


def store(key_id: int, moment: datetime) -> None:
    """Write the time of a use, unless any process has written one within a minute."""
    before = moment - timedelta(seconds=EVERY)
    rows = ApiKey.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lte=before), pk=key_id
    )
    rows.update(last_used_at=moment)
