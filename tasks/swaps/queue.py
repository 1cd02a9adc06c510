"""The queue of each kind of swap: places to wait, and how many run at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.process.nudge import nudge
from mjproxy.lib.validators.number_limits import span_of
from tasks.enums import RUNNING, TaskStatus
from tasks.exceptions import Refused
from tasks.load import full_users
from tasks.lockouts import fail_if_locked
from tasks.models import Swap, SwapSettings, Task
from tasks.room import OwnerIsFull, within_room
from tasks.services import advance, fail
from tasks.swaps import rows
from tasks.swaps.kinds import KINDS, SwapKind

logger = logging.getLogger(__name__)

WAIT_FACTOR = 12  # a task waits at most this many times its time limit
TOO_LONG = "任务提交超时 / waited too long for its turn"
LOOKED_AT = 200  # waiting tasks at whose owners one round looks


class SwapQueueFull(Refused):
    """As many swaps wait as may."""

    code = Refused.code.FAILURE

    def __init__(self) -> None:
        super().__init__(
            "提交失败，队列已满，请稍后重试", "The queue is full, retry later"
        )


def _locked() -> SwapSettings:
    """Return the settings; who holds the lock counts alone."""
    SwapSettings.get_solo()
    return SwapSettings.objects.select_for_update().get()


def take_place(kind: SwapKind, task: Task, write: Callable[[], object]) -> int:
    """Write a task and its swap; return how many wait before it. Raises SwapQueueFull.

    Call it in the transaction of the submit.
    """
    settings = _locked()
    ahead = _of(kind).filter(status=TaskStatus.NOT_START).count()
    most = kind.of(settings, "queue_size")
    if most and ahead >= most:
        raise SwapQueueFull
    write()
    Swap.objects.create(task=task)
    return ahead


def longest_wait(kind: SwapKind, settings: SwapSettings) -> timedelta:
    return span_of(kind.of(settings, "timeout_minutes") * WAIT_FACTOR)


def start_waiting() -> None:
    """Start the waiting swaps that have a place, and nudge their first step."""
    for pk in rows.overdue(timezone.now()):
        fail(pk, TOO_LONG, where=Q(status=TaskStatus.NOT_START))
    for kind in KINDS.values():
        if not _of(kind).filter(status=TaskStatus.NOT_START).exists():
            continue
        while started := _start_one(kind):
            nudge("tasks.attend_swap", started)


@again_after_deadlock
def _start_one(kind: SwapKind) -> int | None:
    """Start the oldest waiting swap whose owner has room; None if there is no place."""
    full: set[int] = set()
    while True:
        try:
            with transaction.atomic():
                return _claimed(kind, full)
        except OwnerIsFull as exc:
            full.add(int(str(exc)))


def _claimed(kind: SwapKind, full: set[int]) -> int | None:
    settings = _locked()
    running = _of(kind).filter(status__in=sorted(RUNNING)).count()
    if running >= kind.of(settings, "core_size"):
        return None
    waiting = _of(kind).filter(status=TaskStatus.NOT_START).order_by("pk")
    found = list(waiting.exclude(owner__in=full)[:LOOKED_AT])
    no_room = full_users({task.owner_id for task in found})
    for task in found:
        has_room = task.owner_id not in no_room and not fail_if_locked(task)
        if has_room and _start(kind, settings, task):
            return task.pk
    return None


def _start(kind: SwapKind, settings: SwapSettings, task: Task) -> bool:
    minutes = kind.of(settings, "timeout_minutes")
    try:
        with within_room(task.owner_id):
            return advance(
                task.pk,
                TaskStatus.SUBMITTED,
                where=Q(status=TaskStatus.NOT_START),
                deadline_at=timezone.now() + span_of(minutes),
                progress=0,
            )
    except OwnerIsFull:
        raise OwnerIsFull(str(task.owner_id)) from None


def _of(kind: SwapKind) -> QuerySet[Task]:
    return Task.objects.filter(action=kind.action)
