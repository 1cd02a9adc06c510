"""Webhook calls as rows: written with the change, claimed, and settled."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.people.users import ensure_webhook_secret, new_webhook_secret
from mjproxy.lib.db.claim import due, is_due
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.faults import Work
from mjproxy.lib.process import backoff
from mjproxy.lib.validators.addresses import WrongAddress, parts_of
from tasks.enums import TERMINAL, DeliveryState, TaskStatus
from tasks.models import DrawingSettings, Task, WebhookDelivery
from tasks.wire import task_bytes

logger = logging.getLogger(__name__)

CLAIM: Final = timedelta(seconds=30)  # longer than a call can take
# Seconds from each failure to the next try; three days in all.
RETRY_AFTER: Final = (
    *(1, 3, 10, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 3 * 3600, 6 * 3600),
    *[12 * 3600] * 5,
)
GONE: Final = 410
_TOO_MUCH: Final = frozenset({408, 425, 429})
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Call:
    """A row that this process has claimed, with the data of its request."""

    id: int
    task_id: int
    revision: int
    url: str
    body: bytes
    secret: str
    attempts: int
    claimed_until: datetime

    @property
    def message_id(self) -> str:
        """The receiver's id of the call, the same at every try."""
        return f"msg_{self.task_id}_{self.revision}"


@dataclass(frozen=True)
class Outcome:
    """The result of a call. `hopeless`: a later try cannot succeed."""

    status: int | None = None
    error: str = ""
    hopeless: bool = False

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_trouble(self) -> bool:
        """Tell whether the receiver is unreachable or overloaded."""
        if self.status is None:
            return not self.hopeless
        return self.status >= 500 or self.status in _TOO_MUCH


def record_delivery(task: Task) -> None:
    """Write a call that reports the task's state, in the caller's transaction.

    Only the newest state of a task needs reporting: older calls that were not delivered
    are skipped later, except the final one.
    """
    hook = task.notify_hook or task.operator_hook
    if not hook:
        return
    WebhookDelivery.objects.create(
        task=task,
        owner_id=task.owner_id,
        revision=task.revision,
        status=task.status,
        is_final=task.status in TERMINAL,
        is_operators=not task.notify_hook,
        url=hook,
        host=host_of(hook),
        body=task_bytes(task).decode(),
    )


def tell_again(task: Task, hook: str) -> None:
    """Report a task that was requested again to the hook of that request, if any."""
    if not hook or (hook == task.notify_hook and task.is_open):
        return
    if task.is_open:
        Task.objects.filter(pk=task.pk, notify_hook="").update(notify_hook=hook)
        return
    WebhookDelivery.objects.create(
        task=task,
        owner_id=task.owner_id,
        revision=task.revision,
        status=task.status,
        is_final=True,
        by_hand=True,
        url=hook,
        host=host_of(hook),
        body=task_bytes(task).decode(),
    )


def host_of(url: str) -> str:
    """Return the host and port of a hook; "" if it is not a valid address."""
    try:
        parts = parts_of(url)
    except WrongAddress:
        return ""
    return f"{parts.host}:{parts.port or _PORTS[parts.scheme]}"


def claim_next(task_id: int, host: str) -> Call | None:
    """Claim the task's next call to a host; None if nothing is due.

    Calls go out by revision, one at a time. The claim expires, so that others continue
    if this process dies.
    """
    now = timezone.now()
    rows = [row for row in _queue(task_id) if row.host == host]
    row = _next_row(_without_stale(rows, now), now)
    if row is None:
        return None
    until = now + CLAIM  # its holder is known by this moment, see `settle`
    mine = WebhookDelivery.objects.filter(
        due("claimed_until", now), pk=row.pk, state=DeliveryState.WAITING
    )
    if not mine.update(claimed_until=until):
        return None
    return Call(
        id=row.pk,
        task_id=task_id,
        revision=row.revision,
        url=row.url,
        body=row.body.encode(),
        secret=_secret_of(row),
        attempts=row.attempts,
        claimed_until=until,
    )


def settle(call: Call, outcome: Outcome) -> None:
    """Store the result of a claimed call, and the time of its next try."""
    now = timezone.now()
    attempts = call.attempts + 1
    state, next_attempt_at = DeliveryState.WAITING, now
    if outcome.delivered:
        state = DeliveryState.DELIVERED
    elif outcome.hopeless or (delay := retry_delay(attempts)) is None:
        state = DeliveryState.GIVEN_UP
    else:
        next_attempt_at = now + delay
    ours = WebhookDelivery.objects.filter(pk=call.id, claimed_until=call.claimed_until)
    written = ours.update(
        state=state,
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        claimed_until=None,
        delivered_at=now if outcome.delivered else None,
        response_status=outcome.status,
        error=outcome.error[:400],
    )
    _log(call, outcome, state, written=bool(written))


def retry_delay(attempts: int) -> timedelta | None:
    """Return the pause after that many failures, or None to give up."""
    if attempts > len(RETRY_AFTER):
        return None
    return backoff.about(RETRY_AFTER[attempts - 1])


def give_up(task_id: int, reason: str) -> None:
    """End the waiting calls of a task, because none can be made."""
    logger.error("task %s: webhooks given up: %s", task_id, reason)
    waiting_calls(task_id).update(
        state=DeliveryState.GIVEN_UP, error=reason[:400], claimed_until=None
    )


def work_of(task_id: int) -> Work:
    return Work("webhooks of task", task_id, give_up)


def resend(delivery: WebhookDelivery) -> None:
    """Make a call due now, whatever its state, with a full number of tries."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.WAITING,
        by_hand=True,
        attempts=0,
        next_attempt_at=timezone.now(),
    )


def waiting_calls(task_id: int) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(task=task_id, state=DeliveryState.WAITING)


_queue: Final = CompiledQuery[WebhookDelivery](
    lambda task_id: (
        waiting_calls(task_id)
        .select_related("task")
        .only(
            *("revision", "status", "attempts", "is_final", "by_hand", "url", "body"),
            *("host", "claimed_until", "next_attempt_at", "is_operators"),
            "task__owner_id",
        )
        .order_by("by_hand", "revision")
    )
)


def _secret_of(row: WebhookDelivery) -> str:
    """Return the signing secret of a call: its user's, or the operator's.

    Returns "" if the secret fits no encryption key.
    """
    try:
        if row.is_operators:
            return hook_secret()
        owner = User.objects.only("webhook_secret").get(pk=row.task.owner_id)
        return ensure_webhook_secret(owner)
    except UndecryptableSecret:
        return ""


def hook_secret(*, renew: bool = False) -> str:
    """Return the secret of the operator's hook; create it if it is missing."""
    settings = DrawingSettings.get_solo()
    if renew or not settings.hook_secret:
        rows = DrawingSettings.objects.filter(pk=settings.pk)
        # If two processes create one, the first is kept.
        missing = rows if renew else rows.filter(hook_secret="")
        missing.update(hook_secret=new_webhook_secret())
        settings.refresh_from_db(fields=["hook_secret"])
    return str(settings.hook_secret)


def _without_stale(rows: list[WebhookDelivery], now: datetime) -> list[WebhookDelivery]:
    """Return the rows without those that a newer one replaces; mark these skipped.

    Each step of the progress may be skipped; a change of status is tried once.
    """
    newest = max((row.revision for row in rows), default=0)
    stale = [
        row.pk
        for row in rows
        if row.revision < newest
        and not (row.is_final or row.by_hand)
        and (row.status == TaskStatus.IN_PROGRESS or row.attempts)
        and is_due(row.claimed_until, now)
    ]
    if stale:
        waiting = WebhookDelivery.objects.filter(
            due("claimed_until", now), pk__in=stale
        )
        waiting.update(state=DeliveryState.SKIPPED)
    return [row for row in rows if row.pk not in stale]


def _next_row(rows: list[WebhookDelivery], now: datetime) -> WebhookDelivery | None:
    """Return the row to send next, or None if it must wait or one is open.

    A call sent again by hand blocks nothing and is not blocked. If a newer call is due
    before an older one, the older one goes at once.
    """
    if not all(is_due(row.claimed_until, now) for row in rows):
        return None
    in_turn = [row for row in rows if not row.by_hand]
    if any(row.next_attempt_at <= now for row in in_turn):
        return in_turn[0]
    by_hand = (row for row in rows if row.by_hand and row.next_attempt_at <= now)
    return next(by_hand, None)


def _log(call: Call, outcome: Outcome, state: DeliveryState, *, written: bool) -> None:
    said = f"HTTP {outcome.status}" if outcome.status else outcome.error
    name = f"task {call.task_id}: webhook no. {call.revision}"
    if not written:
        logger.warning("%s: %s, but its claim had ended", name, said)
    elif state == DeliveryState.DELIVERED:
        logger.info("%s delivered", name)
    elif state == DeliveryState.GIVEN_UP:
        logger.error("%s given up: %s", name, said)
    else:
        logger.warning("%s failed, again later: %s", name, said)
