"""Send waiting tasks: claim the row, commit, then post the interaction."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway.discord import clients
from gateway.discord.command_index import UnknownCommand
from gateway.lanes import lane, next_task
from gateway.lanes.lane import Lane
from gateway.lanes.next_task import Found, UserSessions
from gateway.leases import is_open_with, renewed_lately, still_open
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer
from gateway.protocol.shapes import Interaction
from gateway.queries import fast_time
from gateway.sending import outcomes, posting, refusals
from gateway.sending.bodies import interaction_of
from gateway.sending.post_claim import PostClaim
from gateway.sending.refusals import Sent, resting
from mjproxy.lib import faults
from mjproxy.lib.db import batch
from mjproxy.lib.db.compiled_query import CompiledUpdate
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import event_loop
from mjproxy.lib.validators.number_limits import span_of
from tasks import lockouts
from tasks.conditions import Condition
from tasks.enums import RUNNING, Delivery, TaskStatus
from tasks.models import Task
from tasks.room import OwnerIsFull, within_room
from tasks.services import advance, fail, release, tell_unanswered
from tasks.submit.limits import TooLong

logger = logging.getLogger(__name__)

SWITCHING: Final = timedelta(seconds=2)  # until the task is looked at again
NOT_SENT: Final = timedelta(seconds=2)  # until a retry after an error in this process
SPEED: Final = "正在切换速度 / the bots are switched to the task's speed"


def run_lane(account_id: int) -> float | None:
    """Send the tasks that may leave now for an account's Discord user.

    Returns the seconds until the next look, or None if an event will tell. Safe to run
    any number of times at once.
    """
    while True:
        sessions = next_task.sessions_of(account_id)
        if sessions is None or not sessions.able:
            return None
        with contextlib.suppress(lane.Changed):
            return _send_all(sessions)


def _send_all(sessions: UserSessions) -> float | None:
    """Send the tasks that may leave now. Raises Changed before the first that may not.

    Returns what `run_lane` returns.
    """
    seen = sessions.lane
    while True:
        found = next_task.next_task(sessions, seen.turns)
        if found is None:
            return None
        if wait := seen.rest:
            return wait
        if lockouts.fail_if_locked(found.task):
            continue
        session = sessions.able[found.task.account_id or 0]
        if fast_time.switch_first(session.account, found.task):
            _hold_back(found.task)
            continue
        after = _send(seen, session, found)
        if after is None or found.is_only:
            return None
        seen = after


def _hold_back(task: Task) -> None:
    """Let other tasks go first while the bots are switched to this task's speed."""
    rows = Task.objects.filter(pk=task.pk, status=TaskStatus.NOT_START)
    rows.update(not_before=timezone.now() + SWITCHING, waiting_reason=SPEED)


def _send(seen: Lane, session: GatewaySession, found: Found) -> Lane | None:
    """Claim a task and start its POST.

    Returns the lane after it, or None if the task or the session has changed. Raises
    Changed.
    """
    task, account, nonce = found.task, session.account, new_nonce()
    now, began = timezone.now(), time.monotonic()
    body = _body(account, session, task, nonce)
    if body is None:
        return seen
    claim = PostClaim(nonce, partial(_renew, task.pk, session), began)
    post = _Posting(account, task.pk, body, claim)
    try:
        return _claim(seen, session, found, post, now)
    except faults.AWAY:
        # The claim may have been committed, and only its answer lost.
        post.give_up()
        raise
    except OwnerIsFull:
        return seen  # tasks of others may go


@again_after_deadlock
def _claim(
    seen: Lane,
    session: GatewaySession,
    found: Found,
    post: _Posting,
    now: datetime,
) -> Lane | None:
    """Claim a task and start its POST; return None if it has moved on.

    Lane and task are written together, so of two senders that have read the same lane
    one claims. Raises Changed, OwnerIsFull.
    """
    task = found.task
    open_session = session.account_id, session.session_id, renewed_lately()
    with batch.batch():
        after = lane.take_turn(seen, session.account, found.turns)
        with within_room(task.owner_id):
            moved = advance(
                task.pk,
                TaskStatus.SUBMITTED,
                where=Condition(_may_go, _COMPARED, open_session),
                then=post.start,
                known=task,
                nonce=post.claim.nonce,
                guild_id=post.body.get("guild_id", ""),
                channel_id=post.body["channel_id"],
                delivery=Delivery.SENDING,
                claimed_at=now,
                checked_at=None,
                attempts=task.attempts + 1,
                waiting_reason="",
                deadline_at=now + span_of(session.account.timeout_minutes),
                progress=0,
            )
        if moved:
            return after
        transaction.set_rollback(True)
    return None


def _may_go(*session: Any) -> Q:
    """Return the condition that task and session still are as they were read."""
    return Q(status=TaskStatus.NOT_START) & Q(is_open_with(*session))


_COMPARED: Final[tuple[Any, ...]] = tuple(
    map(GatewaySession._meta.get_field, ("account", "session_id", "lease_until"))
)


def _body(
    account: DiscordAccount, session: GatewaySession, task: Task, nonce: str
) -> Interaction | None:
    """Return a task's interaction, or None if it cannot be made.

    Then the task fails or waits, so that others may go.
    """
    try:
        return interaction_of(account, session, task, nonce)
    except UnknownCommand as exc:
        fail(task.pk, f"Discord 没有该命令 / Discord lists no command {exc}")
    except TooLong as exc:
        fail(task.pk, f"{exc.zh} / {exc.en}")
    except faults.AWAY:
        raise
    except Exception as exc:
        pause = faults.settle(_sending(task.pk), exc)
        waiting = Task.objects.filter(pk=task.pk, status=TaskStatus.NOT_START)
        waiting.update(not_before=timezone.now() + pause)
    return None


def _sending(task_id: int) -> Work:
    return Work("sending task", task_id, fail)


@dataclass
class _Posting:
    """The post that follows the claim of a task."""

    account: DiscordAccount
    task_id: int
    body: Interaction
    claim: PostClaim
    is_started: bool = False

    def start(self) -> None:
        self.is_started = True
        work = faults.watch(_sending(self.task_id), self._post, at_once=True)
        event_loop.spawn(work)

    def give_up(self) -> None:
        """Let the task wait again, unless the post was started."""
        if not self.is_started:
            event_loop.spawn(self._not_sent())

    async def _post(self, task_id: int) -> None:
        """Post the interaction and settle the answer."""
        try:
            http = await clients.client_of(self.account)
        except Exception:
            await self._not_sent()
            raise
        try:
            posted = await posting.post(http, self.account, self.body, self.claim)
        except faults.AWAY:
            await self._not_sent()
            raise
        if posted:
            answered = self.account.pk, task_id, posted.nonce, posted.answer
            await outcomes.keep(settle, *answered)
        else:
            await self._not_sent()

    async def _not_sent(self) -> None:
        await outcomes.keep(_not_sent, self.task_id, self.claim.nonce)


def _not_sent(task_id: int, nonce: str) -> None:
    """Let a task wait again, if it still has this nonce: no post has left."""
    release(task_id, nonce=nonce, not_before=timezone.now() + NOT_SENT)


def _renew(task_id: int, session: GatewaySession, old: str, fresh: str) -> bool:
    """Renew a claim; `fresh` replaces the nonce `old`."""
    rows = Task.objects.filter(pk=task_id, nonce=old, status=TaskStatus.SUBMITTED)
    rows = rows.filter(still_open(session))
    return bool(rows.update(nonce=fresh, claimed_at=timezone.now()))


def _sent(task_id: Any, nonce: Any) -> QuerySet[Task]:
    """Return the task, if nothing was seen of it since its post."""
    rows = Task.objects.filter(pk=task_id, nonce=nonce, status__in=sorted(RUNNING))
    return rows.filter(delivery=Delivery.SENDING)


def _accepted(task_id: Any, nonce: Any, now: Any) -> tuple[QuerySet[Task], Any]:
    return _sent(task_id, nonce), {"delivery": Delivery.ACCEPTED, "started_at": now}


_KNOWN_BY: Final[list[Any]] = [
    Task._meta.get_field(name) for name in ("id", "nonce", "started_at")
]
_taken: Final = CompiledUpdate(_accepted, _KNOWN_BY)


@dataclass(frozen=True)
class _SentTask(Sent):
    """A task that was posted under a nonce."""

    task_id: int
    nonce: str

    @property
    def _untouched(self) -> QuerySet[Task]:
        return _sent(self.task_id, self.nonce)

    def asked_at(self) -> datetime | None:
        return self._untouched.values_list("claimed_at", flat=True).first()

    def taken(self) -> None:
        _taken(self.task_id, self.nonce, timezone.now())

    def unanswered(self, answer: Answer) -> None:
        logger.warning(
            "task %s: %s, looked up in history later", self.task_id, answer.reason
        )
        tell_unanswered(self._untouched)

    def later(self, answer: Answer, moment: datetime) -> None:
        logger.warning(
            "task %s: %s, it is tried again later", self.task_id, answer.reason
        )
        # A rate limit says nothing against the task: it does not count as an attempt.
        rows = Task.objects.filter(pk=self.task_id, nonce=self.nonce, attempts__gt=0)
        rows.update(attempts=F("attempts") - 1)
        reason = resting(answer)
        release(self.task_id, nonce=self.nonce, not_before=moment, reason=reason)

    def account_refused(self, answer: Answer) -> None:
        release(self.task_id, nonce=self.nonce)

    def refused(self, answer: Answer) -> None:
        same = Q(nonce=self.nonce, interaction_id=None)
        fail(self.task_id, answer.reason, where=same)


def settle(account_id: int, task_id: int, nonce: str, answer: Answer) -> None:
    """Apply Discord's answer to the task and the account."""
    refusals.settle(account_id, _SentTask(task_id, nonce), answer)
