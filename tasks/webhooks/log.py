"""The log of webhook calls: rows for failed tries and for ends, and lines."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from tasks.enums import DeliveryState
from tasks.models import WebhookDelivery
from tasks.webhooks.posting import Call, Outcome

logger = logging.getLogger(__name__)


def entry(
    call: Call,
    outcome: Outcome,
    state: DeliveryState,
    next_attempt_at: datetime | None = None,
) -> WebhookDelivery:
    """Return the row of a call that was made; it is not written yet."""
    return WebhookDelivery(
        task_id=call.task_id,
        owner_id=call.receiver.owner_id,
        host=call.receiver.host,
        revision=call.revision,
        status=call.status,
        is_operators=call.is_operators,
        url=call.url,
        body=call.body.decode(),
        state=state,
        attempts=call.attempts + 1,
        next_attempt_at=next_attempt_at,
        delivered_at=timezone.now() if outcome.delivered else None,
        response_status=outcome.status,
        error=outcome.error[:400],
    )


def say(call: Call, outcome: Outcome, state: DeliveryState) -> None:
    """Write a line about a call whose result is stored. It names no address."""
    if state == DeliveryState.DELIVERED:
        level = logging.INFO if call.is_final or call.by_hand else logging.DEBUG
        logger.log(level, "%s delivered", call)
    elif state == DeliveryState.GIVEN_UP:
        logger.error("%s given up: %s", call, outcome)
    else:
        logger.warning("%s failed, again later: %s", call, outcome)


def say_late(calls: Sequence[tuple[Call, Outcome]], count: int = 1) -> None:
    """Write a line about calls of which `count` ended after the end of their claim."""
    said = "; ".join(f"{call}: {outcome}" for call, outcome in calls)
    logger.warning("%s, but the claims of %s had ended", said, count)
