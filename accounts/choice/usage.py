"""Record that an account was given tasks: its turn and its drawings of the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import Case, F, IntegerField, When
from django.utils import timezone

from accounts.choice.rules import below_day_limit
from accounts.models import DiscordAccount
from mjproxy.lib.db.compiled_query import CompiledUpdate


def begin_turn(
    account: DiscordAccount,
    *,
    tasks: int = 1,
    within_limit: bool = False,
    unless_taken: bool = False,
) -> Callable[[], int]:
    """Record tasks for an account, in the transaction that writes them.

    The account's row stays locked until the transaction ends, so the count stays true.
    Returns a function whose result is 0 if its day limit is reached (`within_limit`),
    or if another submit has taken the turn since the row was read (`unless_taken`).
    See `CompiledUpdate.begin`.
    """
    # A turn of its own for NULL, which SQL does not compare.
    seen = (account.picked_at,) if unless_taken and account.picked_at else ()
    take = _turn(within_limit=within_limit, unless_taken=unless_taken, seen=len(seen))
    today, moment = timezone.localdate(), _behind_all(account)
    return take.begin(account.pk, today, tasks, moment, *seen)


@cache
def _turn(*, within_limit: bool, unless_taken: bool, seen: int) -> CompiledUpdate:
    def build(pk: Any, today: Any, tasks: Any, moment: Any, last: Any = None) -> Any:
        rows = DiscordAccount.objects.filter(pk=pk)
        if within_limit:
            rows = rows.filter(below_day_limit(today))
        if unless_taken:
            rows = rows.filter(picked_at=last)
        # Stands before `day`: MySQL evaluates assignments from left to right.
        once_more = When(day=today, then=F("day_draw_count") + tasks)
        count = Case(once_more, default=tasks, output_field=IntegerField())
        return rows, {"day_draw_count": count, "day": today, "picked_at": moment}

    names = ["id", "day", "day_draw_count", "picked_at", *["picked_at"] * seen]
    fields: list[Any] = [DiscordAccount._meta.get_field(name) for name in names]
    return CompiledUpdate(build, fields)


def _behind_all(account: Any) -> datetime:
    """Return a time after the last turn, even if clocks differ or were set back."""
    now = timezone.now()
    last = getattr(account, "last_turn", None)
    return max(now, last + timedelta(microseconds=1)) if last else now
