"""Rows of swaps: claim a step, note an order before it leaves, note its outcome."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mjproxy.lib.db.claim import claim, due, renew
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks.enums import RUNNING, TaskStatus
from tasks.models import InputPicture, Swap, SwapSettings, Task
from tasks.services import advance, fail, learn
from tasks.swaps.provider import Provider
from tasks.swaps.timing import CLAIM

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """A swap whose next step this process has claimed."""

    task: Task
    swap: Swap
    pictures: list[InputPicture]
    settings: SwapSettings
    provider: Provider

    @property
    def is_over(self) -> bool:
        """Whether its time is over, or its owner has cancelled it."""
        return bool(self.task.cancel_requested_at) or self.late(timedelta())

    def late(self, patience: timedelta) -> bool:
        end = self.task.deadline_at
        return end is not None and end + patience < timezone.now()


def _running(pk: int) -> QuerySet[Swap]:
    running = Task.objects.filter(pk=pk, status__in=sorted(RUNNING)).order_by()
    return Swap.objects.filter(pk=pk, task__in=running)


def due_ones(limit: int = 200) -> list[int]:
    """Return the tasks whose swap is due for its next step."""
    rows = Swap.objects.filter(due("next_at"), task__status__in=sorted(RUNNING))
    return list(rows.order_by("next_at", "pk").values_list("pk", flat=True)[:limit])


def take(pk: int) -> Work | None:
    """Claim the next step of a running swap; None if it is not due, or taken."""
    if not claim(_running(pk), "next_at", CLAIM):
        return None
    swap = Swap.objects.select_related("task").get(pk=pk)
    settings = SwapSettings.get_solo()
    provider = Provider(settings.base, settings.token)
    return Work(swap.task, swap, list(swap.task.inputs.all()), settings, provider)


def renew_claim(pk: int) -> None:
    renew(_running(pk), "next_at", CLAIM)


def rest(pk: int, seconds: float, failures: int = 0) -> None:
    """Give a claim back: the next step is due after some seconds."""
    later = timezone.now() + timedelta(seconds=seconds)
    Swap.objects.filter(pk=pk).update(next_at=later, failures=failures)


def note_file(swap: Swap, column: str, address: str) -> None:
    setattr(swap, column, address)
    Swap.objects.filter(pk=swap.pk).update(**{column: address})


# --- the order, which costs money -----------------------------------------------------


def note_order(swap: Swap) -> bool:
    """Commit that an order leaves now; False if another process was faster.

    Once this is committed, only the provider can tell whether it was paid.
    """
    mine = _running(swap.pk).filter(asks=swap.asks, asked_at=None, prediction=None)
    now, count = timezone.now(), swap.asks + 1
    if not mine.update(asked_at=now, asks=count):
        return False
    swap.asked_at, swap.asks = now, count
    return True


def take_back(swap: Swap) -> None:
    """Note that the last order was certainly not taken."""
    rows = Swap.objects.filter(pk=swap.pk, asks=swap.asks, prediction=None)
    rows.update(asked_at=None)


@again_after_deadlock
def note_prediction(swap: Swap, prediction_id: str) -> None:
    """Commit the provider's id of an order; from then on it is only looked at."""
    try:
        with transaction.atomic():
            rows = Swap.objects.filter(pk=swap.pk, prediction=None)
            if not rows.update(prediction=prediction_id):
                return
            advance(
                swap.pk,
                TaskStatus.IN_PROGRESS,
                started_at=timezone.now(),
                progress=0,
                waiting_reason="",
            )
    except IntegrityError:
        logger.error("task %s: the provider gave another task's id", swap.pk)
        fail(swap.pk, "服务商应答错误 / the face swap service gave an id twice")


# --- what its owner sees --------------------------------------------------------------


def note_progress(task: Task, percent: int | None) -> None:
    if percent is not None and percent > (task.progress or 0):
        advance(task.pk, TaskStatus.IN_PROGRESS, progress=percent)


def tell_waiting(task: Task, reason: str) -> None:
    """Show a running task's owner why it does not go on."""
    if reason[:400] != task.waiting_reason:
        learn(task.pk, tell=True, waiting_reason=reason[:400])


def finish(
    task: Task, source: str, content_type: str, size: tuple[int, int] | None
) -> None:
    """End a task whose result is stored."""
    width, height = size or (None, None)
    advance(
        task.pk,
        TaskStatus.SUCCESS,
        picture_source=source,
        picture_type=content_type,
        picture_width=width,
        picture_height=height,
        progress=100,
        waiting_reason="",
    )


def overdue(now: datetime, limit: int = 200) -> list[int]:
    """Return waiting swaps whose time to wait is over."""
    rows = Swap.objects.filter(
        task__status=TaskStatus.NOT_START, task__deadline_at__lt=now
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
