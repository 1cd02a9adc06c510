"""The only place that moves a task: one conditional UPDATE for every change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import DiscordAccount
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks.enums import (
    ALLOWED_FROM,
    OPEN,
    RUNNING,
    TERMINAL,
    Delivery,
    InputRole,
    TaskStatus,
    WindowState,
)
from tasks.models import InputPicture, Task
from tasks.selectors import load_shown
from tasks.signals import task_changed, task_submitted
from tasks.webhooks.rows import record_delivery

logger = logging.getLogger(__name__)

# So long a task that was sent in vain may wait for its next turn.
RELEASED_LIMIT: Final = timedelta(hours=2)
CANCELLED: Final = "任务已取消 / cancelled by user"
ANY: Final = Q()  # no further condition


@again_after_deadlock
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


@again_after_deadlock
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


@again_after_deadlock
def tell_unanswered(rows: QuerySet[Task]) -> None:
    """Note that it is not known whether a task was taken; its owner can see it."""
    with transaction.atomic():
        changes = {"delivery": Delivery.UNKNOWN, "revision": F("revision") + 1}
        pk = rows.values_list("pk", flat=True).first()
        if pk is not None and rows.update(**changes):
            _tell(task_changed, Task.objects.get(pk=pk))


def release(
    task_id: int,
    *,
    nonce: str,
    not_before: datetime | None = None,
    reason: str = "",
    where: Q = ANY,
) -> bool:
    """Let a claimed task wait again, because Discord certainly has not taken it.

    Refused as soon as anything of the interaction was seen, or `where` does not hold.
    """
    unseen = Q(interaction_id=None, progress_message_id=None, job_id=None)
    return _wait_again(
        task_id,
        Q(where, unseen, nonce=nonce),
        not_before,
        reason,
        uploads_again=True,
    )


def release_refused(
    task: Task, *, message_id: str, not_before: datetime, reason: str = ""
) -> bool:
    """Let a task wait again, because a message says that Midjourney starts nothing.

    Refused where its job is known, or stands in another message.
    """
    silent = Q(progress_message_id=None) | Q(progress_message_id=message_id)
    facts = {"window": WindowState.EXPECTED} if task.window else {}
    return _wait_again(
        task.pk,
        Q(nonce=task.nonce, job_id=None) & silent,
        not_before,
        reason,
        progress_message_id=None,
        window_interaction_id=None,
        window_id="",
        window_field="",
        uploads_again=True,
        **facts,
    )


def release_window(
    task_id: int,
    *,
    nonce: str,
    not_before: datetime | None = None,
    reason: str = "",
    where: Q = ANY,
) -> bool:
    """Let a task whose window brought nothing press its button once more.

    Pressing alone starts no drawing. Refused as soon as anything of one was seen, or
    `where` does not hold.
    """
    unseen = Q(window_interaction_id=None, progress_message_id=None, job_id=None)
    return _wait_again(
        task_id,
        Q(where, unseen, nonce=nonce),
        not_before,
        reason,
        window=WindowState.EXPECTED,
        window_id="",
        window_field="",
    )


_NOTHING_SENT: Final[dict[str, Any]] = {
    "nonce": None,
    "interaction_id": None,
    "delivery": "",
    "claimed_at": None,
    "checked_at": None,
    "removed_at": None,
    "cancel_presses": 0,
    "cancel_next_at": None,
}


@again_after_deadlock
def _wait_again(
    task_id: int,
    where: Q,
    not_before: datetime | None,
    reason: str,
    *,
    uploads_again: bool = False,
    **changes: Any,
) -> bool:
    # What shall be cancelled, and was certainly not taken, has nothing to wait for.
    if fail(task_id, CANCELLED, where=where & Q(cancel_requested_at__isnull=False)):
        return True
    # A command's uploads may have been used up, or will have expired by then.
    uploads = InputPicture.objects.filter(task=task_id, role=InputRole.COMMAND)
    if uploads_again and uploads.exists():
        changes |= {"prepared": False, "prepare_after": None}
    with transaction.atomic():
        moved = advance(
            task_id,
            TaskStatus.NOT_START,
            where=where & Q(cancel_requested_at=None),
            deadline_at=timezone.now() + RELEASED_LIMIT,
            not_before=not_before,
            waiting_reason=reason[:400],
            **_NOTHING_SENT,
            **changes,
        )
        if moved and uploads_again:
            uploads.update(upload_name="")
    return moved


@again_after_deadlock
def mark_prepared(task: Task, **changes: Any) -> bool:
    """Let dispatch have a task whose uploads are done, if its account is the same."""
    with transaction.atomic():
        done = Task.objects.filter(
            pk=task.pk,
            status=TaskStatus.NOT_START,
            account_id=task.account_id,
            prepared=False,
        ).update(
            prepared=True, prepare_after=None, revision=F("revision") + 1, **changes
        )
        if done:
            fresh = Task.objects.get(pk=task.pk)
            _tell(task_changed, fresh)
            _tell(task_submitted, fresh)
    return bool(done)


@again_after_deadlock
def reassign(task: Task, account: DiscordAccount) -> bool:
    """Give a waiting task to another account, if it still waits for its old one.

    What it brought along is uploaded again: the old account's uploads are its own.
    """
    brought = InputPicture.objects.filter(task=task).exclude(role=InputRole.MASK)
    with transaction.atomic():
        moved = Task.objects.filter(
            pk=task.pk, status=TaskStatus.NOT_START, account_id=task.account_id
        ).update(
            account=account,
            prepared=not brought.filter(role=InputRole.COMMAND).exists()
            and task.prepared,
            prepare_after=None,
            revision=F("revision") + 1,
        )
        if moved:
            brought.update(upload_name="")
            fresh = Task.objects.get(pk=task.pk)
            _tell(task_changed, fresh)
            _tell(task_submitted, fresh)
            logger.info("task %s: moved to account %s", task.pk, account.pk)
    return bool(moved)


@again_after_deadlock
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
    """Write a new row, and hand it to dispatch after the commit.

    Raises IntegrityError where its id or its owner's idempotency key exists.
    """
    task.save(force_insert=True)
    _tell(task_submitted, task)
    return task


def tell_changed(task: Task) -> None:
    """Have the task's owner told after the commit that its row has changed."""
    _tell(task_changed, task)


def _tell(signal: Signal, task: Task) -> None:
    # After commit, so that a worker finds the row. Robust: a receiver that fails (say,
    # no broker) is logged, and the sweep finds the row later.
    send: Any = partial(signal.send_robust, sender=Task, task_id=task.pk, task=task)
    transaction.on_commit(send)
