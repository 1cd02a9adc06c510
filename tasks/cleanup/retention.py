"""Old tasks, pictures, webhook calls, errands and files: what goes, and its removal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts import retention as accounts_retention
from accounts.models import RetentionSettings, UserGroup
from accounts.models.retention import MOST_DAYS
from mjproxy.lib.db import time_limits
from mjproxy.lib.db.removal import Lot, rows
from mjproxy.lib.ids import first_task_id_of
from tasks.enums import TERMINAL, DeliveryState, TaskStatus
from tasks.models import Errand, Task, WebhookDelivery
from tasks.pictures import inputs, previews, store
from tasks.pictures.kept import brought, files

logger = logging.getLogger(__name__)

KEEP_ERRANDS: Final = timedelta(days=1)
# Tasks over the number stay so long after their end, so that clients can read them.
KEEP_ENDED: Final = timedelta(hours=1)


def remove_old() -> None:
    """Remove all that is older than its time limit. Lifts the job's time limit."""
    with time_limits.lifted():
        for lot in lots():
            if removed := lot.remove():
                logger.info("removed %d %s", removed, lot.name)
        while brought.keep_ended():
            pass
        scraps = store.remove_old_drafts() + inputs.drop_ended()
        scraps += inputs.remove_strays() + previews.drop_ended()
        if scraps:
            logger.info("removed %d files", scraps)


def all_lots() -> list[Lot]:
    """Return what goes of tasks, accounts and users."""
    return lots() + accounts_retention.lots()


def lots() -> list[Lot]:
    """Return what goes of tasks, and their files, as the settings say."""
    kept, now = RetentionSettings.get_solo(), timezone.now()
    calls = WebhookDelivery.objects.filter(created_at__lt=_ago(kept.call_days))
    errands = Errand.objects.filter(created_at__lt=now - KEEP_ERRANDS)
    return [
        *(
            rows(_name("tasks", group), old, _remove_tasks)
            for group, old in _old_tasks(kept.task_days, "keep_tasks_days")
        ),
        rows("tasks over the number", _over(kept.task_count), _remove_tasks),
        *(
            rows(_name("pictures", group), _with_picture(old), _remove_pictures)
            for group, old in _old_tasks(kept.picture_days, "keep_pictures_days")
        ),
        _previews(kept.preview_hours),
        rows("webhook calls", calls.exclude(state=DeliveryState.WAITING)),
        rows("errands", errands),
    ]


def _name(what: str, group: UserGroup | None) -> str:
    return f"{what} of the group {group}" if group else f"{what} by age"


def _ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=min(days, MOST_DAYS))


def _old_tasks(
    days: int, column: str
) -> Iterator[tuple[UserGroup | None, QuerySet[Task]]]:
    """Yield the old tasks of users without days of their group, then of each group.

    `days` hold for the first; `column` of a group has its own. 0 days: for ever.
    """
    if days:
        yield None, _ended(days).filter(**{f"owner__group__{column}": None})
    for group in UserGroup.objects.filter(**{f"{column}__gt": 0}).order_by("name"):
        yield group, _ended(getattr(group, column)).filter(owner__group=group)


def _ended(days: int) -> QuerySet[Task]:
    oldest = _ago(days)
    # Ids grow with the time of submission, so the index ends the scan.
    return Task.objects.filter(
        pk__lt=first_task_id_of(oldest), status__in=TERMINAL, finished_at__lt=oldest
    )


def _over(most: int) -> QuerySet[Task]:
    """Return the finished tasks that are older than the newest so many."""
    if not most:
        return Task.objects.none()
    newest = Task.objects.order_by("-pk").values_list("pk", flat=True)
    last = next(iter(newest[most - 1 : most]), 0)
    return Task.objects.filter(
        pk__lt=last,
        status__in=TERMINAL,
        finished_at__lt=timezone.now() - KEEP_ENDED,
        hook_due_at=None,
    )


def _with_picture(found: QuerySet[Task]) -> QuerySet[Task]:
    return found.filter(status=TaskStatus.SUCCESS).exclude(picture_source="")


def _remove_tasks(pks: list[int]) -> None:
    files.release(pks)
    Task.objects.filter(pk__in=pks).delete()


def _remove_pictures(pks: list[int]) -> None:
    """Remove pictures; their links end with them, so the tasks name none any more."""
    files.release(pks)
    Task.objects.filter(pk__in=pks).update(picture_source="")


def _previews(hours: int) -> Lot:
    age = timedelta(hours=hours).total_seconds()
    return Lot(
        "previews",
        lambda: len(store.old_previews(age)),
        lambda: store.remove_old_previews(age),
    )
