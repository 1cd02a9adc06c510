"""Remove old tasks, deliveries, errands, events and files."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.utils import timezone

from mjproxy.lib.db import time_limits
from mjproxy.lib.ids import first_task_id_of
from tasks.enums import TERMINAL, DeliveryState
from tasks.models import (
    DrawingSettings,
    Errand,
    Task,
    WebhookDelivery,
)
from tasks.pictures import inputs, store

logger = logging.getLogger(__name__)

BATCH: Final = 500
MOST_BATCHES: Final = 40  # in one run; the next run continues
MOST_DAYS: Final = 3650  # longest time, unless tasks are never removed
KEEP_DELIVERIES: Final = timedelta(days=30)
KEEP_ERRANDS: Final = timedelta(days=1)


def remove_old() -> None:
    """Remove all that is older than its time limit. Lifts the job's time limit."""
    with time_limits.lifted():
        _remove_old()


def _remove_old() -> None:
    tasks = remove_old_tasks()
    deliveries = remove_old_deliveries()
    remove_old_errands()
    scraps = store.remove_old_scraps() + inputs.drop_ended() + inputs.remove_strays()
    if tasks or deliveries or scraps:
        logger.info(
            "removed %d tasks, %d deliveries, %d files", tasks, deliveries, scraps
        )


def remove_old_tasks() -> int:
    """Remove tasks that ended before the days of the settings; return how many."""
    days = DrawingSettings.get_solo().keep_tasks_days
    if not days:
        return 0
    oldest = timezone.now() - timedelta(days=min(days, MOST_DAYS))
    # Ids grow with the time of submission, so the index ends the scan.
    rows = Task.objects.filter(
        pk__lt=first_task_id_of(oldest), status__in=TERMINAL, finished_at__lt=oldest
    ).order_by("pk")
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = dict(rows.values_list("pk", "picture_file")[:BATCH])
        # Files first: a row without its file is found again, a file without its row is
        # not.
        for file in batch.values():
            store.remove(file)
        Task.objects.filter(pk__in=list(batch)).delete()
        removed += len(batch)
        if len(batch) < BATCH:
            break
    return removed


def remove_old_errands() -> int:
    """Remove errands over a day old; return how many."""
    oldest = timezone.now() - KEEP_ERRANDS
    removed, _ = Errand.objects.filter(created_at__lt=oldest).delete()
    return removed


def remove_old_deliveries() -> int:
    """Remove webhook calls of the log after 30 days; return how many."""
    rows = WebhookDelivery.objects.filter(
        created_at__lt=timezone.now() - KEEP_DELIVERIES
    )
    settled = rows.exclude(state=DeliveryState.WAITING).order_by("pk")
    removed = 0
    for _ in range(MOST_BATCHES):
        batch = list(settled.values_list("pk", flat=True)[:BATCH])
        WebhookDelivery.objects.filter(pk__in=batch).delete()
        removed += len(batch)
        if len(batch) < BATCH:
            break
    return removed
