"""The state of tasks as news for their hooks: which are due, claimed and told.

A task is due when `hook_due_at` has come. A call tells `hook_revision`, which the
claim copies to `hook_sent`. If the two differ when the call ends, the task is due
again. So progress that newer progress has overtaken is not told, and an end always is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.db.claim import due as claimable
from mjproxy.lib.db.claim import is_due
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.faults import Work
from tasks.enums import DeliveryState
from tasks.models import Task, WebhookDelivery
from tasks.webhooks import log, retries, statements
from tasks.webhooks.hooks import hook_of
from tasks.webhooks.posting import Call, Outcome
from tasks.webhooks.shares import Receiver
from tasks.webhooks.signing import secret_for
from tasks.wire import task_bytes

logger = logging.getLogger(__name__)

S = DeliveryState
Done = tuple[Call, Outcome]
T = TypeVar("T")
R = TypeVar("R")


def work(task_id: int) -> Work:
    return Work("webhooks of task", task_id, give_up)


def receiver_of(task: Task) -> Receiver:
    return Receiver(task.owner_id, task.hook_host)


def due(ids: Sequence[int]) -> list[Task]:
    """Return those of up to `statements.MOST` tasks that are due and not claimed."""
    ready = [pk for pk in ids if not faults.is_resting(work(pk))]
    now = timezone.now()
    return [
        task
        for task in _alone_if_need_be(statements.read, ready, lambda pk: pk)
        if task.hook_due_at is not None
        and task.hook_due_at <= now
        and is_due(task.hook_claimed_until, now)
    ]


def claim(tasks: Iterable[Task]) -> list[Call]:
    """Claim due tasks; return the calls of those that no other process has claimed.

    The claim expires, so that others continue if this process dies.
    """
    now = timezone.now()
    until = retries.claim_end(now)
    made = [call for task in tasks for call in _made(task, until)]

    def take(calls: Sequence[Call]) -> list[Call]:
        return _taken(calls, now)

    return _alone_if_need_be(take, made, lambda call: call.task_id)


def claim_at_once(
    ids: Sequence[int], told: Mapping[int, Done], has_place: Callable[[Task], bool]
) -> tuple[list[Call], list[Task]]:
    """Claim due tasks and read them; return their calls, and tasks without a place.

    `told` are last calls that were taken and are not stored yet. Tasks for which no
    call is made are free again.
    """
    ready = [pk for pk in ids if not faults.is_resting(work(pk))]
    if not ready:
        return [], []
    now = timezone.now()
    until = retries.claim_end(now)
    keys = [(pk, told[pk][0].claimed_until if pk in told else None) for pk in ready]
    calls: list[Call] = []
    refused: list[Task] = []
    left = set(ready)
    try:
        tasks = statements.claim(keys, until, now)
        left = {task.pk for task in tasks}
        for task in tasks:
            if has_place(task):
                calls += _made(task, until)
            else:
                refused.append(task)
        left -= {call.task_id for call in calls}
    finally:
        if left:
            ours = Task.objects.filter(pk__in=left, hook_claimed_until=until)
            ours.update(hook_claimed_until=None)
    return calls, refused


def settle_delivered(calls: Sequence[Done]) -> list[int]:
    """Store that calls were taken; return the tasks to look at for newer news."""
    return _alone_if_need_be(_settle_delivered, calls, lambda done: done[0].task_id)


@again_after_deadlock
@transaction.atomic
def settle_failed(call: Call, outcome: Outcome) -> bool:
    """Store that a call failed, and the time of the next try.

    Returns True if there are newer news, which do not wait for that time.
    """
    later = retries.next_try(call.attempts + 1, outcome)
    state = S.FAILED if later else S.GIVEN_UP
    ours = Task.objects.filter(pk=call.task_id, hook_claimed_until=call.claimed_until)
    newest = ours.filter(hook_revision=call.revision, hook_due_at__isnull=False)
    waits = newest.update(
        hook_due_at=later, hook_claimed_until=None, hook_attempts=call.attempts + 1
    )
    overtaken = not waits and ours.update(hook_claimed_until=None)
    if not (waits or overtaken):
        log.say_late([(call, outcome)])
        return False
    log.entry(call, outcome, state, later).save(force_insert=True)
    log.say(call, outcome, state)
    return bool(overtaken)


def rest(receiver: Receiver, seconds: float) -> None:
    """Delay the calls to a failing receiver by `seconds`."""
    until = timezone.now() + timedelta(seconds=seconds)
    waiting = Task.objects.filter(
        claimable("hook_claimed_until"),
        owner=receiver.owner_id,
        hook_host=receiver.host,
        hook_due_at__lt=until,
    )
    waiting.update(hook_due_at=until)


@transaction.atomic
def give_up(task_id: int, reason: str) -> None:
    """End the waiting calls of a task, because none can be made."""
    logger.error("task %s: webhooks given up: %s", task_id, reason)
    error = reason[:400]
    waiting = WebhookDelivery.objects.filter(task=task_id, state=S.WAITING)
    waiting.update(state=S.GIVEN_UP, error=error, claimed_until=None)
    columns = ("owner_id", "hook_host", "hook_revision", "status", "hook_attempts")
    hooks = ("notify_hook", "operator_hook")
    untold = Task.objects.filter(pk=task_id, hook_due_at__isnull=False)
    task = untold.only(*columns, *hooks).first()
    if task is None or not untold.update(hook_due_at=None, hook_claimed_until=None):
        return
    WebhookDelivery.objects.create(
        task=task,
        owner_id=task.owner_id,
        host=task.hook_host,
        revision=task.hook_revision,
        status=task.status,
        is_operators=not task.notify_hook,
        url=hook_of(task),
        state=S.GIVEN_UP,
        attempts=task.hook_attempts,
        next_attempt_at=None,
        error=error,
    )


def _made(task: Task, until: datetime) -> list[Call]:
    """Return the call of a task; none if it cannot be made, which is counted."""
    is_operators = not task.notify_hook
    try:
        call = Call(
            task_id=task.pk,
            receiver=receiver_of(task),
            revision=task.hook_revision,
            status=task.status,
            url=hook_of(task),
            body=task_bytes(task),
            secret=secret_for(task.owner_id, is_operators=is_operators),
            attempts=task.hook_attempts,
            claimed_until=until,
            is_operators=is_operators,
        )
    except faults.AWAY:
        raise
    except Exception as exc:
        faults.settle(work(task.pk), exc)
        return []
    return [call]


def _taken(calls: Sequence[Call], now: datetime) -> list[Call]:
    """Claim the tasks of calls, if each is as it was read; return the claimed calls."""
    until = calls[0].claimed_until
    keys = [(call.task_id, call.revision) for call in calls]
    count = statements.take(keys, until, now)
    if count == len(calls):
        return list(calls)
    ids = [call.task_id for call in calls]
    ours = Task.objects.filter(pk__in=ids, hook_claimed_until=until)
    taken = set(ours.values_list("pk", flat=True)) if count else set()
    return [call for call in calls if call.task_id in taken]


class _ClaimsHadEnded(Exception):
    """Some calls of a batch with ends are not ours any more."""


@again_after_deadlock
def _settle_delivered(calls: Sequence[Done]) -> list[int]:
    ends = [log.entry(*done, S.DELIVERED) for done in calls if done[0].is_final]
    with transaction.atomic() if ends else nullcontext():
        told, overtaken = _end_claims([call for call, _ in calls])
        late = len(calls) - told - overtaken
        if late and ends and len(calls) > 1:
            raise _ClaimsHadEnded
        if ends and not late:
            WebhookDelivery.objects.bulk_create(ends)
    if late:
        log.say_late(calls, late)
    else:
        for done in calls:
            log.say(*done, S.DELIVERED)
    return [call.task_id for call, _ in calls] if overtaken else []


def _end_claims(calls: Sequence[Call]) -> tuple[int, int]:
    """End the claims; return how many told the newest revision, and how many not."""
    told = statements.end([(call.task_id, call.claimed_until) for call in calls])
    if told == len(calls):
        return told, 0
    ids, tokens = [c.task_id for c in calls], {c.claimed_until for c in calls}
    ours = Task.objects.filter(pk__in=ids, hook_claimed_until__in=tokens)
    return told, ours.update(hook_claimed_until=None)


def _alone_if_need_be(
    doing: Callable[[Sequence[T]], list[R]],
    things: Sequence[T],
    task_of: Callable[[T], int],
) -> list[R]:
    """Do something for all tasks at once; if that fails, for one at a time.

    An error with one task is counted and stops no other.
    """
    if not things:
        return []
    try:
        return doing(things)
    except faults.AWAY:
        raise
    except Exception as exc:
        if len(things) == 1:
            faults.settle(work(task_of(things[0])), exc)
            return []
    return [
        result
        for thing in things
        for result in _alone_if_need_be(doing, [thing], task_of)
    ]
