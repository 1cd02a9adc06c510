"""Record that an account was given tasks: its turn and its drawings of the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Value, When
from django.utils import timezone

from accounts.choice.rules import below_day_limit
from accounts.models import DiscordAccount


def take_turn(
    account: DiscordAccount,
    *,
    tasks: int = 1,
    within_limit: bool = False,
    unless_taken: bool = False,
) -> bool:
    """Record tasks for an account, in the transaction that writes them.

    The account's row stays locked until the transaction ends, so the count stays true.
    Returns False if its day limit is reached (`within_limit`), or if another submit has
    taken the turn since the row was read (`unless_taken`).
    """
    today = timezone.localdate()
    rows = DiscordAccount.objects.filter(pk=account.pk)
    if within_limit:
        rows = rows.filter(below_day_limit(today))
    if unless_taken:
        rows = rows.filter(picked_at=account.picked_at)
    return bool(
        rows.update(
            # Stands before `day`: MySQL evaluates assignments from left to right.
            day_draw_count=Case(
                When(day=today, then=F("day_draw_count") + tasks), default=Value(tasks)
            ),
            day=today,
            picked_at=_behind_all(account),
        )
    )


def _behind_all(account: Any) -> datetime:
    """Return a time after the last turn, even if clocks differ or were set back."""
    now = timezone.now()
    last = getattr(account, "last_turn", None)
    return max(now, last + timedelta(microseconds=1)) if last else now
