"""Dispatch lane of a Discord user: one sender at a time, at the user's pace.

Rows of the same Discord user (several channels of one account) share a lane, and with
it the pace, the slots and the turns. The session holds the user's id; without one
nothing can be sent.

A nudge increments `wanted`. A sender that leaves checks that no nudge came since it
last looked. So no nudge is lost, and no process waits for a lock.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.lanes.turns import Turns
from gateway.models import DispatchLane, GatewaySession
from gateway.timing import LANE_HOLD
from mjproxy.lib.db.claim import due
from mjproxy.lib.db.compiled_query import CompiledUpdate

LONGEST_PAUSE: Final = 2 * 3600.0  # seconds between two tasks
# An errand takes no later moment, because its caller stops waiting by then.
LONGEST_AHEAD: Final = timedelta(seconds=20)
TASKS_FIRST: Final = timedelta(seconds=1)
_SEEN: Final = (
    "wanted",
    "next_send_at",
    "rest_until",
    "turns_done",
    "waiting_since",
)
_READ: Final = ("discord_user", "fence", *_SEEN)
Changed = tuple[QuerySet[DispatchLane], dict[str, Any]]  # rows, and their new values


@dataclass(frozen=True)
class Hold:
    """The right to send for a Discord user, and the lane's values when last read."""

    discord_user: str
    holder: str
    fence: int
    nudges: int
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

    @property
    def named(self) -> tuple[str, str, int]:
        """The values that name it, as `is_held_by` takes them."""
        return self.discord_user, self.holder, self.fence

    @property
    def rows(self) -> QuerySet[DispatchLane]:
        return _named(*self.named)


def _fields(*names: str) -> list[Any]:
    return [DispatchLane._meta.get_field(name) for name in names]


def _named(user: Any, holder: Any, fence: Any) -> QuerySet[DispatchLane]:
    return DispatchLane.objects.filter(discord_user=user, holder=holder, fence=fence)


def _of(account_id: int) -> QuerySet[DispatchLane]:
    """Return the lane of the account's Discord user; empty before it has one."""
    sessions = GatewaySession.objects.filter(account=account_id)
    return DispatchLane.objects.filter(discord_user__in=sessions.values("user_id"))


def _make(account_id: int) -> bool:
    """Make the lane of the account's Discord user; return False if it is unknown."""
    session = GatewaySession.objects.filter(account=account_id).first()
    if session is None or not session.user_id:
        return False
    DispatchLane.objects.get_or_create(discord_user=session.user_id)
    return True


def enter(account_id: int) -> Hold | None:
    """Nudge the lane and take it.

    Returns None if another sender has it, which will see the nudge.
    """
    if hold := _take(account_id):
        return hold
    lanes = _of(account_id)
    if not lanes.update(wanted=F("wanted") + 1) and not _make(account_id):
        return None
    # Its holder may have left before this nudge was counted.
    return _take(account_id)


def _take(account_id: int) -> Hold | None:
    holder, now = secrets.token_hex(8), timezone.now()
    values = account_id, now, holder, now + LANE_HOLD
    if _taken.can_return:
        row = _taken.row(*values)
    else:
        own = _of(account_id).filter(holder=holder)
        row = own.values_list(*_READ).get() if _taken(*values) else None
    if row is None:
        return None
    user, fence, nudges, next_send_at, rest_until, done, since = row
    turns = Turns(done, since)
    return Hold(user, holder, fence, nudges, next_send_at, rest_until, turns)


def _taking(account_id: Any, now: Any, holder: Any, until: Any) -> Changed:
    free = Q(holder="") | due("held_until", now)
    nudged = {"fence": F("fence") + 1, "wanted": F("wanted") + 1}
    return _of(account_id).filter(free), {
        "holder": holder,
        "held_until": until,
        **nudged,
    }


def _leaving(user: Any, holder: Any, fence: Any, nudges: Any) -> Changed:
    lanes = _named(user, holder, fence).filter(wanted=nudges)
    return lanes, {"holder": "", "held_until": None}


def is_held_by(user: Any, holder: Any, fence: Any, now: Any) -> Exists:
    """Return a condition for the claim's UPDATE: a stale holder moves nothing."""
    return Exists(_named(user, holder, fence).filter(held_until__gt=now))


HELD_BY: Final = tuple(_fields("discord_user", "holder", "fence", "held_until"))


_taken: Final = CompiledUpdate(
    _taking,
    [GatewaySession._meta.pk, *_fields("held_until", "holder", "held_until")],
    returning=_fields(*_READ),
)
_left: Final = CompiledUpdate(
    _leaving, _fields("discord_user", "holder", "fence", "wanted")
)


def look(hold: Hold) -> Hold:
    """Return the hold with the lane's present values; unchanged if it was lost."""
    row = hold.rows.values_list(*_SEEN).first()
    if row is None:
        return hold
    nudges, next_send_at, rest_until, done, since = row
    return replace(
        hold,
        nudges=nudges,
        next_send_at=next_send_at,
        rest_until=rest_until,
        turns=Turns(done, since),
    )


def leave(hold: Hold) -> bool:
    """Give the lane back; return False if a nudge came since `hold` was read."""
    return bool(_left(*hold.named, hold.nudges)) or not hold.rows.exists()


def drop(hold: Hold) -> None:
    """Give the lane back after an error.

    Nudges since then are left to the sweep.
    """
    hold.rows.update(holder="", held_until=None)


def note_turns(hold: Hold, turns: Turns) -> Hold:
    """Write the turns to the lane, if they have changed."""
    if turns != hold.turns:
        hold.rows.update(turns_done=turns.done, waiting_since=turns.since)
    return replace(hold, turns=turns)


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
    lane = _of(account.pk).filter(sooner)
    lane.update(next_send_at=moment, errand_was_last=False)
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
    row = rows.first() or (rows.first() if _make(account.pk) else None)
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
    free = Q(holder="") | due("held_until", now)
    unchanged = lane.filter(free, due("rest_until", now), next_send_at=paced)
    taken = unchanged.update(next_send_at=moment + pause, errand_was_last=True)
    return moment if taken else None


def rest(account_id: int, until: datetime, reason: str = "") -> None:
    """Let nothing leave before a moment; a longer rest stays.

    Discord's limits apply to the user, so all its rows rest. `reason` is shown to the
    owners of waiting tasks.
    """
    facts = {"rest_until": until, "rest_reason": reason[:400]}
    sooner = due("rest_until", until)
    if not _of(account_id).filter(sooner).update(**facts):
        _make(account_id)
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
