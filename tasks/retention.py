"""What is removed when it is old enough."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from tasks import pictures
from tasks.enums import TERMINAL, ErrandState
from tasks.ids import first_task_id_of
from tasks.models import (
    DeliveryState,
    DrawingSettings,
    Errand,
    Task,
    WebhookDelivery,
)

logger = logging.getLogger(__name__)

BATCH: Final = 500
MOST_BATCHES: Final = 40  # in one run; the next one goes on
KEEP_DELIVERIES: Final = timedelta(days=30)
KEEP_ERRANDS: Final = timedelta(days=1)


def remove_old() -> None:
    """Remove old tasks with their pictures, old deliveries and errands, scraps."""
    tasks = remove_old_tasks()
    deliveries = remove_old_deliveries()
    errands = remove_old_errands()
    scraps = pictures.remove_old_scraps() + pictures.remove_old_inputs()
    if tasks or deliveries or errands or scraps:
        logger.info(
            "removed %d tasks, %d deliveries, %d errands, %d scraps",
            tasks,
            deliveries,
            errands,
            scraps,
        )


def remove_old_tasks() -> int:
    """Remove the tasks that ended longer ago than the settings row says."""
    days = DrawingSettings.get_solo().keep_tasks_days
    if not days:
        return 0
    oldest = timezone.now() - timedelta(days=days)
    # The id grows with the time of submission: the end of the range is known.
    rows = Task.objects.filter(
        pk__lt=first_task_id_of(oldest), status__in=TERMINAL, finished_at__lt=oldest
    ).order_by("pk")
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = dict(rows.values_list("pk", "picture_file")[:BATCH])
        # Files first: a row without its file is found again, a file without a row not.
        for file in batch.values():
            pictures.remove(file)
        Task.objects.filter(pk__in=list(batch)).delete()
        removed += len(batch)
        if len(batch) < BATCH:
            break
    return removed


def remove_old_deliveries() -> int:
    """Remove the log of calls that are settled since a month."""
    rows = WebhookDelivery.objects.filter(
        created_at__lt=timezone.now() - KEEP_DELIVERIES
    )
    return _remove(rows.exclude(state=DeliveryState.WAITING))


def remove_old_errands() -> int:
    """Remove the errands whose outcome nobody waits for any more."""
    rows = Errand.objects.filter(created_at__lt=timezone.now() - KEEP_ERRANDS)
    return _remove(rows.exclude(state=ErrandState.WAITING))


def _remove(rows: QuerySet[Any]) -> int:
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows.model.objects.filter(pk__in=batch).delete()
        removed += len(batch)
        if len(batch) < BATCH:
            break
    return removed
