"""Choose the next webhook calls for each receiver, final ones first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import DeliveryState
from tasks.models import WebhookDelivery
from tasks.webhooks.rows import Call, claim_next, waiting_calls, work_of
from tasks.webhooks.shares import Receiver

# Some due tasks turn out to wait for another call, so more are read.
SPARE: Final = 16


_next: Final = CompiledQuery[WebhookDelivery](
    lambda task_id: (
        waiting_calls(task_id).only("owner", "host").order_by("by_hand", "revision")[:1]
    )
)


def receiver_of(task_id: int) -> Receiver | None:
    """Return the receiver of the task's next call, or None if none waits."""
    rows = _next(task_id)
    return Receiver(rows[0].owner_id, rows[0].host) if rows else None


def due_receivers() -> list[Receiver]:
    """Return all receivers with a due call, each once."""
    rows = _due(timezone.now()).order_by().values_list("owner_id", "host").distinct()
    return [Receiver(*row) for row in rows]


def claim_due(receiver: Receiver, most: int) -> list[Call]:
    """Claim up to `most` calls to a receiver, each of another task."""
    calls: list[Call] = []
    for task_id in _due_tasks(receiver, most + SPARE):
        if call := claim(task_id, receiver.host):
            calls.append(call)
        if len(calls) == most:
            break
    return calls


def claim(task_id: int, host: str) -> Call | None:
    """Claim a task's next call. An error is recorded and does not stop other tasks."""
    work = work_of(task_id)
    if faults.is_resting(work):
        return None
    try:
        return claim_next(task_id, host)
    except Exception as exc:
        faults.settle(work, exc)
        return None


def rest(receiver: Receiver, seconds: float) -> None:
    """Delay the calls to a failing receiver by `seconds`, except those sent by hand."""
    until = timezone.now() + timedelta(seconds=seconds)
    rows = WebhookDelivery.objects.filter(
        due("claimed_until"),
        owner=receiver.owner_id,
        host=receiver.host,
        state=DeliveryState.WAITING,
        by_hand=False,
        next_attempt_at__lt=until,
    )
    rows.update(next_attempt_at=until)


def _due_tasks(receiver: Receiver, most: int) -> list[int]:
    """Return tasks with a due call and no open one, final calls first."""
    now = timezone.now()
    on_its_way = WebhookDelivery.objects.filter(
        task=OuterRef("task"),
        host=receiver.host,
        state=DeliveryState.WAITING,
        claimed_until__gt=now,
    )
    rows = _due(now).filter(~Exists(on_its_way), owner=receiver.owner_id)
    rows = rows.filter(host=receiver.host)
    in_turn = rows.order_by("-is_final", "next_attempt_at", "pk")
    return list(dict.fromkeys(in_turn.values_list("task_id", flat=True)[:most]))


def _due(now: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        due("claimed_until", now), state=DeliveryState.WAITING, next_attempt_at__lte=now
    )
