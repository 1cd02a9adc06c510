"""The only place that moves a task: one conditional UPDATE for every change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import DiscordAccount
from tasks.enums import ALLOWED_FROM, OPEN, RUNNING, TERMINAL, TaskStatus
from tasks.models import Task
from tasks.selectors import load_shown
from tasks.signals import task_changed, task_submitted
from tasks.webhooks import record_delivery

logger = logging.getLogger(__name__)

# So long a task that was sent in vain may wait for its next turn.
RELEASED_LIMIT: Final = timedelta(hours=2)


def advance(
    task_id: int,
    status: TaskStatus,
    *,
    where: Q | None = None,
    then: Callable[[], None] | None = None,
    **changes: Any,
) -> bool:
    """Move a task to `status`, or return False where it may not go there any more.

    The check and the write are one UPDATE, so of two workers only one wins. `where`
    narrows it further. False too where another task already owns a message id or a job
    uuid among `changes`. The webhook's row is written in the same transaction. `then`
    is called right after the commit, before anybody else is told.
    """
    rows = Task.objects.filter(pk=task_id, status__in=ALLOWED_FROM[status])
    if where is not None:
        rows = rows.filter(where)
    if status == TaskStatus.IN_PROGRESS and "progress" in changes:
        later = Q(progress__isnull=True) | Q(progress__lt=changes["progress"])
        rows = rows.filter(later | Q(status=TaskStatus.SUBMITTED))
    if status in TERMINAL:
        now = timezone.now()
        changes |= {"finished_at": now, "started_at": Coalesce("started_at", now)}
    try:
        with transaction.atomic():
            moved = rows.update(status=status, revision=F("revision") + 1, **changes)
            if moved:
                if then is not None:
                    transaction.on_commit(then)
                task = load_shown(task_id)
                if status not in (TaskStatus.NOT_START, TaskStatus.MODAL):
                    record_delivery(task)
                _tell(task_changed, task)
                if status == TaskStatus.NOT_START:
                    _tell(task_submitted, task)
    except IntegrityError:
        logger.warning("task %s: %s refused, identity is taken", task_id, status)
        return False
    if moved:
        logger.info("task %s: %s", task_id, status)
    return bool(moved)


def learn(task_id: int, *, tell: bool = False, **facts: Any) -> bool:
    """Note what an event teaches about an open task, without moving it.

    With `tell` its owner can see it: page and stream are told. Returns False where the
    task is over, or another task owns one of the identities.
    """
    if not facts:
        return True
    if tell:
        facts["revision"] = F("revision") + 1
    try:
        with transaction.atomic():
            rows = Task.objects.filter(pk=task_id, status__in=OPEN)
            learnt = bool(rows.update(**facts))
            if learnt and tell:
                _tell(task_changed, Task.objects.get(pk=task_id))
            return learnt
    except IntegrityError:
        logger.warning("task %s: not learnt, identity is taken: %s", task_id, facts)
        return False


def fail(task_id: int, reason: str, *, where: Q | None = None) -> bool:
    """End a task with a reason that its owner can read."""
    reason = reason.strip()[:4000] or "failed"
    return advance(
        task_id,
        TaskStatus.FAILURE,
        where=where,
        fail_reason=reason,
        description=reason,
    )


def release(
    task_id: int,
    *,
    nonce: str,
    not_before: datetime | None = None,
    refused_in: str | None = None,
) -> bool:
    """Let a claimed task wait again, because Discord certainly has not taken it.

    Refused as soon as anything of the interaction was seen, other than the message
    `refused_in`, in which Midjourney says that it starts nothing.
    """
    unheard = Q(progress_message_id=None)
    if refused_in is None:
        unheard &= Q(interaction_id=None)
    else:
        unheard |= Q(progress_message_id=refused_in)
    return advance(
        task_id,
        TaskStatus.NOT_START,
        where=Q(nonce=nonce, job_id=None) & unheard,
        nonce=None,
        interaction_id=None,
        progress_message_id=None,
        delivery="",
        claimed_at=None,
        checked_at=None,
        removed_at=None,
        cancel_pressed_at=None,
        deadline_at=timezone.now() + RELEASED_LIMIT,
        not_before=not_before,
    )


def reassign(task: Task, account: DiscordAccount) -> bool:
    """Give a waiting task to another account, if it still waits for its old one."""
    with transaction.atomic():
        moved = Task.objects.filter(
            pk=task.pk, status=TaskStatus.NOT_START, account_id=task.account_id
        ).update(account=account, revision=F("revision") + 1)
        if moved:
            fresh = Task.objects.get(pk=task.pk)
            _tell(task_changed, fresh)
            _tell(task_submitted, fresh)
            logger.info("task %s: moved to account %s", task.pk, account.pk)
    return bool(moved)


CANCELLED = "任务已取消 / cancelled by user"


def cancel(task: Task) -> bool:
    """Cancel a task: at once where it waits; else Midjourney is asked to stop it.

    Returns False where it is over already.
    """
    waiting = Q(status__in=[TaskStatus.NOT_START, TaskStatus.MODAL])
    if fail(task.pk, CANCELLED, where=waiting):
        return True
    with transaction.atomic():
        asked = Task.objects.filter(
            pk=task.pk, status__in=RUNNING, cancel_requested_at=None
        ).update(cancel_requested_at=timezone.now())
        if asked:
            _tell(task_changed, Task.objects.get(pk=task.pk))
    return bool(asked) or Task.objects.filter(pk=task.pk, status__in=RUNNING).exists()


def insert(task: Task) -> Task:
    """Write a new row under a fresh id and hand it to dispatch after commit.

    Another process may have taken the same id in the same millisecond: then the next.
    Raises IntegrityError where the owner's idempotency key exists.
    """
    for _ in range(5):
        try:
            with transaction.atomic():
                task.save(force_insert=True)
                _tell(task_submitted, task)
                return task
        except IntegrityError:
            if not Task.objects.filter(pk=task.pk).exists():
                raise
            task.pk += 1
    raise IntegrityError("no free task id")


def _tell(signal: Signal, task: Task) -> None:
    # After commit, so that a worker finds the row. Robust: a receiver that fails (say,
    # no broker) is logged, and the sweep finds the row later.
    send: Any = partial(signal.send_robust, sender=Task, task_id=task.pk, task=task)
    transaction.on_commit(send)
