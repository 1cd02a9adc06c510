"""Calls that a person sends again: rows of the log in the state WAITING.

They go out at once, with all their tries, and without regard to the order.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.db import claim as claims
from tasks.enums import DeliveryState
from tasks.models import Task, WebhookDelivery
from tasks.selectors import load_shown
from tasks.webhooks import log, retries
from tasks.webhooks.hooks import hook_of, host_of
from tasks.webhooks.posting import Call, Outcome
from tasks.webhooks.shares import Receiver
from tasks.webhooks.signing import secret_for
from tasks.webhooks.states import work
from tasks.wire import task_bytes

S = DeliveryState


@in_record
def resend(delivery: WebhookDelivery) -> None:
    """Make a call of the log due now, with a full number of tries."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=S.WAITING, by_hand=True, attempts=0, next_attempt_at=timezone.now()
    )
    note("send again", delivery)


def resend_last(task: Task) -> bool:
    """Send the last call of a task again; False if its hook was told nothing."""
    last = task.deliveries.order_by("-revision", "-pk").first()
    if last and last.revision >= task.hook_revision:
        resend(last)
    elif task.hook_revision:
        _write(load_shown(task.pk), hook_of(task))
        note("send again", task)
    return bool(last or task.hook_revision)


def tell_again(task: Task, hook: str) -> None:
    """Report a task that was requested again to the hook of that request, if any."""
    if not hook or (hook == task.notify_hook and task.is_open):
        return
    if task.is_open:
        rows = Task.objects.filter(pk=task.pk, notify_hook="")
        rows.update(notify_hook=hook, hook_host=host_of(hook))
    else:
        _write(task, hook)


def _write(task: Task, hook: str) -> None:
    """Write a call that tells a hook the present state of a task."""
    WebhookDelivery.objects.create(
        task=task,
        owner_id=task.owner_id,
        revision=task.revision,
        status=task.status,
        is_operators=hook != task.notify_hook and hook == task.operator_hook,
        by_hand=True,
        url=hook,
        host=host_of(hook),
        body=task_bytes(task).decode(),
    )


def due(now: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        claims.due("claimed_until", now), state=S.WAITING, next_attempt_at__lte=now
    )


def claim_due(receiver: Receiver, most: int) -> list[Call]:
    """Claim up to `most` calls to a receiver."""
    now = timezone.now()
    rows = due(now).filter(owner=receiver.owner_id, host=receiver.host)
    calls: list[Call] = []
    for row in rows.order_by("next_attempt_at", "pk")[:most]:
        if faults.is_resting(work(row.task_id)):
            continue
        try:
            calls += _claimed(row, now)
        except Exception as exc:
            faults.settle(work(row.task_id), exc)
    return calls


def _claimed(row: WebhookDelivery, now: datetime) -> list[Call]:
    """Claim a call; return none if another process was faster."""
    call = Call(
        task_id=row.task_id,
        receiver=Receiver(row.owner_id, row.host),
        revision=row.revision,
        status=row.status,
        url=row.url,
        body=row.body.encode() or task_bytes(load_shown(row.task_id)),
        secret=secret_for(row.owner_id, is_operators=row.is_operators),
        attempts=row.attempts,
        claimed_until=retries.claim_end(now),
        is_operators=row.is_operators,
        by_hand=row.pk,
    )
    mine = due(now).filter(pk=row.pk)
    return [call] if mine.update(claimed_until=call.claimed_until) else []


def settle(call: Call, outcome: Outcome) -> None:
    """Store the result of a claimed call, and the time of its next try."""
    later = None
    if not outcome.delivered:
        later = retries.next_try(call.attempts + 1, outcome)
    state = S.WAITING if later else S.GIVEN_UP
    if outcome.delivered:
        state = S.DELIVERED
    ours = WebhookDelivery.objects.filter(
        pk=call.by_hand, claimed_until=call.claimed_until
    )
    written = ours.update(
        state=state,
        attempts=call.attempts + 1,
        next_attempt_at=later,
        claimed_until=None,
        delivered_at=timezone.now() if outcome.delivered else None,
        response_status=outcome.status,
        error=outcome.error[:400],
    )
    if written:
        log.say(call, outcome, state)
    else:
        log.say_late([(call, outcome)])
