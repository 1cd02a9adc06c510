"""Find the receivers with due webhook calls, and the next calls of one, ends first."""

from __future__ import annotations

from typing import Final

from django.db.models import Case, When
from django.utils import timezone

from mjproxy.lib import faults
from mjproxy.lib.db.claim import due
from tasks.enums import TERMINAL
from tasks.models import Task
from tasks.webhooks import by_hand, states
from tasks.webhooks.posting import Call
from tasks.webhooks.shares import Receiver

# Some due tasks rest after an error, so more are read.
SPARE: Final = 16
_ENDS_FIRST: Final = Case(When(status__in=TERMINAL, then=0), default=1)


def due_receivers() -> list[Receiver]:
    """Return all receivers with a due call, each once."""
    now = timezone.now()
    tasks = Task.objects.filter(due("hook_claimed_until", now), hook_due_at__lte=now)
    found = tasks.order_by().values_list("owner_id", "hook_host").distinct()
    again = by_hand.due(now).order_by().values_list("owner_id", "host").distinct()
    return [Receiver(*row) for row in {*found, *again}]


def claim_due(receiver: Receiver, most: int) -> list[Call]:
    """Claim up to `most` calls to a receiver; first those that a person sends."""
    calls = by_hand.claim_due(receiver, most)
    ids = _due_tasks(receiver, most + SPARE)
    ready = [pk for pk in ids if not faults.is_resting(states.work(pk))]
    tasks = {task.pk: task for task in states.due(ready[: most - len(calls)])}
    return calls + states.claim(tasks[pk] for pk in ready if pk in tasks)


def _due_tasks(receiver: Receiver, most: int) -> list[int]:
    """Return tasks that are due and not claimed, ends first."""
    now = timezone.now()
    rows = Task.objects.filter(
        due("hook_claimed_until", now),
        owner=receiver.owner_id,
        hook_host=receiver.host,
        hook_due_at__lte=now,
    )
    in_turn = rows.order_by(_ENDS_FIRST, "hook_due_at", "pk")
    return list(in_turn.values_list("pk", flat=True)[:most])
