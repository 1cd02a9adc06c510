"""Move tasks between statuses, with one conditional UPDATE for every change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import DiscordAccount
from mjproxy.lib.db import batch
from mjproxy.lib.db.compiled_insert import CompiledInsert
from mjproxy.lib.db.deadlocks import again_after_deadlock
from tasks import settlement, updates
from tasks.conditions import Condition
from tasks.enums import (
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

logger = logging.getLogger(__name__)

# A task that Discord did not accept may wait this long for its next turn.
RELEASED_LIMIT: Final = timedelta(hours=2)
CANCELLED: Final = "任务已取消 / cancelled by user"
ANY: Final = Q()  # no further condition


@again_after_deadlock
def advance(
    task_id: int,
    status: TaskStatus,
    *,
    where: Q | Condition | None = None,
    then: Callable[[], None] | None = None,
    known: Task | None = None,
    same: tuple[str, ...] = (),
    **changes: Any,
) -> bool:
    """Move a task to `status`; False if the move is not allowed any more.

    Check and write are one UPDATE, so of two workers only one succeeds. `where` is a
    further condition. Also returns False if another task has a message id or job uuid
    of `changes`; in a batch it raises IntegrityError. The hook becomes due in the same
    UPDATE. `then` is called right after the commit, before the signals.
    `known` is the row as the caller knows it, so that it is not read again, and a move
    that books nothing is one statement. The row must still have its values of the
    columns `same`.
    """
    if status in TERMINAL:
        changes["finished_at"] = timezone.now()
    try:
        writes_more = known is None or settlement.is_due(status, known)
        with batch.part() if writes_more else batch.part_of_one_statement():
            if known and same and not isinstance(where, Q):
                moved = updates.move_same(known, status, changes, same, where)
            else:
                moved = updates.move(task_id, status, changes, where)
            if moved:
                task = _as_moved(task_id, status, changes, known)
                settlement.settle(status, task)
                if then is not None:
                    transaction.on_commit(then)
                _tell_moved(task, known)
    except IntegrityError:
        if batch.is_open():
            raise
        logger.warning("task %s: %s refused, identity is taken", task_id, status)
        return False
    if moved and (known is None or known.status != status):
        logger.info("task %s: %s", task_id, status)
    return moved


def _as_moved(
    task_id: int, status: TaskStatus, changes: dict[str, Any], known: Task | None
) -> Task:
    """Return a task as it is after a move."""
    if known is None:
        return load_shown(task_id)
    return _with(known, changes | {"status": status})


def _tell_moved(task: Task, known: Task | None) -> None:
    """Tell of a move after the commit."""
    _tell(task_changed, task, before=known)
    if task.status == TaskStatus.NOT_START:
        _tell(task_submitted, task)


def _with(task: Task, changes: dict[str, Any]) -> Task:
    """Return a copy of a task that has just been read, with what was written since."""
    fresh = Task.__new__(Task)  # `copy` takes as long as the UPDATE
    fresh.__dict__.update(task.__dict__, **changes)
    return fresh


@again_after_deadlock
def learn(
    task_id: int,
    *,
    where: Condition | None = None,
    tell: bool = False,
    known: Task | None = None,
    same: tuple[str, ...] = (),
    **facts: Any,
) -> bool:
    """Store facts from an event about an open task, without moving it.

    With `tell` the change is visible: page and stream get it. Returns False if the task
    is over, or if another task has one of the identities. For `where`, `known` and
    `same` see `advance`.
    """
    if not facts:
        return True
    if tell:
        facts["revision"] = F("revision") + 1
    try:
        with batch.part() if known is None else batch.part_of_one_statement():
            if same and known:
                learnt = updates.note_same(known, facts, same, where)
            else:
                learnt = updates.note(task_id, facts)
            if learnt and tell:
                _tell(task_changed, Task.objects.get(pk=task_id))
            elif learnt and known and "job_id" in facts:
                # Tasks that waited because only text told them apart may be sent.
                _tell(task_changed, _with(known, facts), before=known)
            return learnt
    except IntegrityError:
        if batch.is_open():
            raise
        logger.warning("task %s: not learnt, identity is taken: %s", task_id, facts)
        return False


def fail(task_id: int, reason: str, *, where: Q | None = None) -> bool:
    """End a task with a reason for its owner."""
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
    """Mark a task as sent with an unknown outcome; its owner can see it."""
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
    """Make a claimed task wait again, because Discord certainly did not accept it.

    Returns False if any event of the interaction was seen, or `where` does not hold.
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
    """Make a task wait again, because a message says that no drawing starts.

    Returns False if its job is known, or if its progress is in another message.
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
    """Make a task press its button again, because its window did not lead to a job.

    Pressing alone starts no drawing. Returns False if any event of a drawing was seen,
    or `where` does not hold.
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
    # A task to be cancelled that was not accepted is over.
    if fail(task_id, CANCELLED, where=where & Q(cancel_requested_at__isnull=False)):
        return True
    # The uploads of a command may be used up, or expired by the next try.
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
    """Let a task be sent whose uploads are done, if its account is unchanged."""
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
    """Give a waiting task to another account, if it still waits at its old one.

    Its input pictures are uploaded again, because uploads belong to an account.
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
    """Cancel a task: at once if it waits, otherwise by asking Midjourney to stop it.

    Returns False if it is over.
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
    """Write a new row, which is sent after the commit.

    Raises IntegrityError if its id or its owner's idempotency key exists.
    """
    _insert(task)
    _tell(task_submitted, task)
    return task


_insert: Final = CompiledInsert(Task)


def tell_changed(task: Task) -> None:
    """Send `task_changed` after the commit."""
    _tell(task_changed, task)


def _tell(signal: Signal, task: Task, **more: Any) -> None:
    # After the commit, so that a worker finds the row. Robust: a failing receiver
    # (without a broker, for example) is logged, and the sweep finds the row later.
    about = {"task_id": task.pk, "task": task, **more}
    send: Any = partial(signal.send_robust, sender=Task, **about)
    transaction.on_commit(send)
