"""Estimate how long drawings of an account usually take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache
from statistics import median
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import DiscordAccount
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import TaskStatus
from tasks.models import Task

Kind = tuple[int, str, str]  # account id, action, requested speed

LOOKED_AT: Final = 200  # the newest finished drawings of an account
COUNTED: Final = 20  # of these, the newest of one action and speed


def usual_seconds(kinds: Collection[Kind]) -> dict[Kind, float]:
    """Return the median seconds of an account's last drawings of each kind.

    Kinds without a recent drawing are missing.
    """
    last = _newest({account for account, _, _ in kinds})
    found = {}
    for account, action, mode in kinds:
        if pk := last.get(account):
            found[account, action, mode] = _medians(account, pk).get((action, mode))
    return {kind: seconds for kind, seconds in found.items() if seconds is not None}


def _done(account_id: Any) -> QuerySet[Task]:
    rows = Task.objects.filter(account=account_id, status=TaskStatus.SUCCESS)
    return rows.order_by("-pk")


_last: Final = CompiledQuery[Task](lambda pk: _done(pk).only("pk")[:1])


def _newest(account_ids: Collection[int]) -> dict[int, int | None]:
    """Return each account's newest finished task, from the end of an index."""
    if len(account_ids) == 1:
        return {pk: task.pk for pk in account_ids for task in _last(pk)}
    rows = DiscordAccount.objects.filter(pk__in=account_ids).order_by()
    newest = Subquery(_done(OuterRef("pk")).values("pk")[:1])
    return dict(rows.annotate(last=newest).values_list("pk", "last"))


@lru_cache(maxsize=2048)
def _medians(account_id: int, newest: int) -> Mapping[tuple[str, str], float]:
    """Return the medians up to an account's newest drawing; cached until the next."""
    rows = _done(account_id).filter(pk__lte=newest)
    columns = rows.values_list("action", "requested_mode", "started_at", "finished_at")
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for action, mode, started, finished in columns[:LOOKED_AT]:
        seconds = taken[action, mode]
        if started and finished and len(seconds) < COUNTED:
            seconds.append((finished - started).total_seconds())
    return {kind: median(seconds) for kind, seconds in taken.items() if seconds}
