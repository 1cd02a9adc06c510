"""Lot: what one rule of retention removes, so that it can be counted before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

BATCH: Final = 500
MOST_BATCHES: Final = 100  # of one lot in one run; the next run continues


@dataclass(frozen=True)
class Lot:
    """Old things of one kind. `count` says how many would go, `remove` removes them."""

    name: str
    count: Callable[[], int]
    remove: Callable[[], int]


def rows(
    name: str,
    found: QuerySet[Any, Any],
    remove: Callable[[list[Any]], object] | None = None,
) -> Lot:
    """Return a lot of rows, oldest first.

    `remove` is given primary keys. Without it the rows are deleted.
    """

    def delete(pks: list[Any]) -> None:
        found.model._default_manager.filter(pk__in=pks).delete()

    return Lot(name, found.count, lambda: _in_batches(found, remove or delete))


def _in_batches(
    found: QuerySet[Any, Any], remove: Callable[[list[Any]], object]
) -> int:
    """Remove rows a few at a time, so that no lock is held for long."""
    ordered = found if found.query.order_by else found.order_by("pk")
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = list(ordered.values_list("pk", flat=True)[:BATCH])
        remove(batch)
        removed += len(batch)
        if len(batch) < BATCH:
            break
    return removed
