"""The dispatch lane of an account: one sender at a time, at the account's pace.

A nudge counts `wanted` up. A sender that leaves checks that nobody nudged since it last
looked, so no nudge is lost without anyone waiting for a lock.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from gateway.models import DispatchLane

# A sender only touches rows while it holds the lane; longer means it has died.
HOLD: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class Hold:
    """The right to send for an account, and what its lane said when last looked at."""

    account_id: int
    holder: str
    fence: int
    nudges: int
    next_send_at: datetime | None

    @property
    def rest(self) -> float:
        """The seconds until the account may send again, 0 if now."""
        if self.next_send_at is None:
            return 0.0
        return max(0.0, (self.next_send_at - timezone.now()).total_seconds())

    @property
    def still_ours(self) -> Exists:
        """A condition for the claim's own UPDATE: a stale holder moves nothing."""
        return Exists(self.rows.filter(held_until__gt=timezone.now()))

    @property
    def rows(self) -> QuerySet[DispatchLane]:
        return DispatchLane.objects.filter(
            account_id=self.account_id, holder=self.holder, fence=self.fence
        )


def enter(account_id: int) -> Hold | None:
    """Nudge the lane and take it; None where another sender has it and will look."""
    lanes = DispatchLane.objects.filter(account_id=account_id)
    holder = secrets.token_hex(8)
    if not _take(lanes, holder):
        if not lanes.update(wanted=F("wanted") + 1):
            DispatchLane.objects.get_or_create(account_id=account_id)
        # Its holder may have left before this nudge was counted.
        if not _take(lanes, holder):
            return None
    row = lanes.values_list("fence", "wanted", "next_send_at").get()
    return Hold(account_id, holder, *row)


def _take(lanes: QuerySet[DispatchLane], holder: str) -> bool:
    now = timezone.now()
    free = Q(holder="") | Q(held_until=None) | Q(held_until__lt=now)
    return bool(
        lanes.filter(free).update(
            holder=holder,
            held_until=now + HOLD,
            fence=F("fence") + 1,
            wanted=F("wanted") + 1,
        )
    )


def look(hold: Hold) -> Hold:
    """Return the hold with what its lane says now; unchanged where it was lost."""
    row = hold.rows.values_list("wanted", "next_send_at").first()
    return replace(hold, nudges=row[0], next_send_at=row[1]) if row else hold


def leave(hold: Hold) -> bool:
    """Give the lane back; False where somebody nudged since `hold` looked."""
    unseen = hold.rows.filter(wanted=hold.nudges)
    return bool(unseen.update(holder="", held_until=None)) or not hold.rows.exists()


def set_pace(account_id: int, next_send_at: datetime) -> None:
    """Let nothing leave before a moment; an earlier, longer pause stays."""
    DispatchLane.objects.filter(account_id=account_id).filter(
        Q(next_send_at=None) | Q(next_send_at__lt=next_send_at)
    ).update(next_send_at=next_send_at)


def book(account_id: int, seconds: float) -> bool:
    """Note that a job will look again then; False where one is booked already.

    A booking that was lost with Redis runs out by itself.
    """
    now = timezone.now()
    moment = now + timedelta(seconds=seconds)
    free = Q(wake_at=None) | Q(wake_at__lte=now) | Q(wake_at__gt=moment)
    rows = DispatchLane.objects.filter(free, account_id=account_id)
    return bool(rows.update(wake_at=moment))
