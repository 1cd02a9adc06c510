"""Claim rows: the right of one process to work on a row, kept as a moment in the row.

The column holds the moment at which the row may be taken again; NULL means at once. A
claim sets it to the end of the claim, in the UPDATE that also checks it, so of two
processes the database lets one have the row. A process that dies leaves the row to the
next one as soon as the moment has come. The same column delays another try.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from mjproxy.lib.db.threads import in_thread


def due(field: str, now: datetime | None = None) -> Q:
    """Return the condition that a moment has come: NULL, or not after `now`."""
    return Q(**{field: None}) | Q(**{f"{field}__lte": now or timezone.now()})


def is_due(moment: datetime | None, now: datetime | None = None) -> bool:
    """Tell of a moment that was read what `due` tells of a column."""
    return moment is None or moment <= (now or timezone.now())


def claim(rows: QuerySet[Any], field: str, last: timedelta, **changes: Any) -> int:
    """Take those of `rows` that are due for as long as `last`; return how many.

    `rows` holds all conditions of the claim: the UPDATE itself checks them. `changes`
    are written along. MySQL asks that the conditions do not read the table that is
    written, and that no expression in `changes` reads a column that is written.
    """
    now = timezone.now()
    return rows.filter(due(field, now)).update(**{field: now + last}, **changes)


def renew(rows: QuerySet[Any], field: str, last: timedelta) -> bool:
    """Let a claim of this process last anew; False where `rows` is empty by now."""
    return bool(rows.update(**{field: timezone.now() + last}))


@contextlib.asynccontextmanager
async def renewing(
    renew: Callable[[int], object], pk: int, every: float
) -> AsyncIterator[None]:
    """Call `renew(pk)` in a thread every `every` seconds until the block is left."""
    task = asyncio.create_task(_renew(renew, pk, every))
    try:
        yield
    finally:
        task.cancel()


async def _renew(renew: Callable[[int], object], pk: int, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await in_thread(renew, pk)
