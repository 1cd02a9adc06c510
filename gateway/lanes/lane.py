"""Dispatch lane of a Discord user: its pace, its turns, one task at a time.

Rows of the same Discord user (several channels of one account) share a lane, and with
it the pace, the slots and the turns. The session holds the user's id; without one
nothing can be sent.

Nobody holds a lane. A sender reads it, looks for the next task, and writes the lane in
the transaction that claims the task. `fence` grows with each change that a sender must
know of. If it has grown since the sender read it, nothing is claimed, and the sender
looks again (docs/adr/0031-lanes-are-not-held.md).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.lanes.turns import Turns
from gateway.models import DispatchLane, GatewaySession
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.compiled_query import CompiledUpdate

LONGEST_PAUSE: Final = 2 * 3600.0  # seconds between two tasks
# An errand takes no later moment, because its caller stops waiting by then.
LONGEST_AHEAD: Final = timedelta(seconds=20)
TASKS_FIRST: Final = timedelta(seconds=1)
_READ: Final = ("fence", "next_send_at", "rest_until", "turns_done", "waiting_since")


class Changed(Exception):
    """Another has written the lane since it was read: look again."""


@dataclass(frozen=True)
class Lane:
    """A lane as it was read."""

    discord_user: str
    fence: int
    next_send_at: datetime | None
    rest_until: datetime | None
    turns: Turns

    @property
    def rest(self) -> float:
        """The seconds until the user may send again, 0 if now."""
        moments = [m for m in (self.next_send_at, self.rest_until) if m]
        if not moments:
            return 0.0
        return max(0.0, (max(moments) - timezone.now()).total_seconds())


def columns() -> dict[str, Subquery]:
    """Return annotations for a query of sessions, which `of_row` reads."""
    lanes = DispatchLane.objects.filter(discord_user=OuterRef("user_id"))
    return {f"lane_{name}": Subquery(lanes.values(name)) for name in _READ}


def of_row(session: GatewaySession) -> Lane | None:
    """Return the lane in an annotated row; None if there is none yet."""
    row: Any = session
    if row.lane_fence is None:
        return None
    return Lane(
        discord_user=session.user_id,
        fence=row.lane_fence,
        next_send_at=row.lane_next_send_at,
        rest_until=row.lane_rest_until,
        turns=Turns(row.lane_turns_done, row.lane_waiting_since),
    )


def _of(account_id: int) -> QuerySet[DispatchLane]:
    """Return the lane of the account's Discord user; empty before it has one."""
    sessions = GatewaySession.objects.filter(account=account_id)
    return DispatchLane.objects.filter(discord_user__in=sessions.values("user_id"))


def make(account_id: int) -> bool:
    """Make the lane of the account's Discord user; return False if it is unknown."""
    session = GatewaySession.objects.filter(account=account_id).first()
    if session is None or not session.user_id:
        return False
    DispatchLane.objects.get_or_create(discord_user=session.user_id)
    return True


def take_turn(lane: Lane, account: DiscordAccount, turns: Turns) -> Lane:
    """Write that a task of the account leaves now, and the turns after it.

    For the transaction that claims the task. Returns the lane as it is then. Raises
    Changed.
    """
    next_send_at = lane.next_send_at
    if pause := _pause(account):
        next_send_at = timezone.now() + pause
    written = next_send_at, turns.done, turns.since
    if not _sent(lane.discord_user, lane.fence, *written):
        raise Changed
    return replace(lane, fence=lane.fence + 1, next_send_at=next_send_at, turns=turns)


def _sending(
    user: Any, fence: Any, next_send_at: Any, done: Any, since: Any
) -> tuple[QuerySet[DispatchLane], dict[str, Any]]:
    return DispatchLane.objects.filter(discord_user=user, fence=fence), {
        "fence": F("fence") + 1,
        "next_send_at": next_send_at,
        "errand_was_last": False,
        "turns_done": done,
        "waiting_since": since,
    }


_WRITTEN: Final = ("fence", "next_send_at", "turns_done", "waiting_since")
_FIELDS: Final[list[Any]] = [
    DispatchLane._meta.get_field(name) for name in ("discord_user", *_WRITTEN)
]
_sent: Final = CompiledUpdate(_sending, _FIELDS)


# --- pace ----------------------------------------------------------------------------


def keep_pace(account: DiscordAccount) -> datetime | None:
    """Delay the next task by the account's pace: an interaction leaves now.

    Returns the moment at which it may leave, or None if the account has no pace.
    """
    pause = _pause(account)
    if not pause:
        return None
    moment = timezone.now() + pause
    sooner = due("next_send_at", moment)
    changes = {"next_send_at": moment, "errand_was_last": False}
    _of(account.pk).filter(sooner).update(fence=F("fence") + 1, **changes)
    return moment


def _pause(account: DiscordAccount) -> timedelta:
    """Return the account's pause after an interaction."""
    seconds = account.interval + random.uniform(  # noqa: S311
        account.after_interval_min,
        max(account.after_interval_min, account.after_interval_max),
    )
    return timedelta(seconds=min(seconds, LONGEST_PAUSE))


def reserve(account: DiscordAccount) -> datetime | None:
    """Take a moment in the account's pace for an errand, and return it.

    Tasks and errands alternate. An errand may take the moment after a task's, even
    before it has come. After an errand the next moment is kept for a task for a second.
    None means: not now, ask again.
    """
    lane, now = _of(account.pk), timezone.now()
    rows = lane.values_list("next_send_at", "errand_was_last")
    row = rows.first() or (rows.first() if make(account.pk) else None)
    if row is None:
        return None
    paced, errand_was_last = row
    moment, pause = max(now, paced or now), _pause(account)
    if moment - now > LONGEST_AHEAD:
        return None
    if not pause:
        return moment
    if errand_was_last and paced and now < paced + TASKS_FIRST:
        return None
    unchanged = lane.filter(due("rest_until", now), next_send_at=paced)
    changes = {"next_send_at": moment + pause, "errand_was_last": True}
    taken = unchanged.update(fence=F("fence") + 1, **changes)
    return moment if taken else None


def rest(account_id: int, until: datetime, reason: str = "") -> None:
    """Let nothing leave before a moment; a longer rest stays.

    Discord's limits apply to the user, so all its rows rest. `reason` is shown to the
    owners of waiting tasks.
    """
    facts = {"rest_until": until, "rest_reason": reason[:400], "fence": F("fence") + 1}
    sooner = due("rest_until", until)
    if not _of(account_id).filter(sooner).update(**facts):
        make(account_id)
        _of(account_id).filter(sooner).update(**facts)


def is_resting(account_id: int) -> bool:
    """Return whether Discord has asked for a pause.

    Pacing between tasks does not count as resting.
    """
    return _of(account_id).filter(rest_until__gt=timezone.now()).exists()


def book(account_id: int, seconds: float) -> bool:
    """Record that a job will look after `seconds`; return False if one will sooner.

    A booking that was lost with Redis expires by itself.
    """
    now = timezone.now()
    moment = now + timedelta(seconds=seconds)
    free = due("wake_at", now) | Q(wake_at__gt=moment)
    return bool(_of(account_id).filter(free).update(wake_at=moment))


def forget_unused() -> None:
    """Delete the lanes of Discord users without a session.

    A pace or a rest keeps the lane for a day, because the user may come back.
    """
    day_ago = timezone.now() - timedelta(days=1)
    known = GatewaySession.objects.exclude(user_id="")
    lanes = DispatchLane.objects.exclude(discord_user__in=known.values("user_id"))
    lanes = lanes.filter(due("next_send_at", day_ago))
    lanes.filter(due("rest_until", day_ago)).delete()
