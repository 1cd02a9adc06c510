"""From a waiting row to an interaction at Discord: claim, commit, then post."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import DiscordAccount
from gateway import clients, lanes, queueing, speeds
from gateway.commands import UnknownCommand, save_index
from gateway.interactions import interaction_of
from gateway.models import GatewaySession
from gateway.protocol.answers import Answer, Verdict
from gateway.refusals import note_refusal
from tasks import bridge
from tasks.database import in_thread
from tasks.enums import RUNNING, Delivery, TaskStatus
from tasks.ids import new_nonce
from tasks.models import Task
from tasks.services import advance, fail, release

logger = logging.getLogger(__name__)

SWITCHING: Final = timedelta(seconds=2)  # then the task looks again
LATE_POST: Final = 2.0  # seconds after which a claim is checked again before its post


def run_lane(account_id: int) -> float | None:
    """Send what may be sent for an account's Discord user now.

    Returns the seconds after which it is worth looking again, or None: then an event
    will tell. Safe to run any number of times at once.
    """
    hold = lanes.enter(account_id)
    if hold is None:
        return None
    while True:
        wait = _send_all(hold)
        if lanes.leave(hold):
            return wait
        hold = lanes.look(hold)


def _send_all(hold: lanes.Hold) -> float | None:
    crew = queueing.crew_of(hold.discord_user)
    if not crew.able:
        return None
    while True:
        found = queueing.next_task(crew, hold.turns)
        if found is None:
            return None
        if wait := hold.rest:
            return wait
        task, turns = found
        session = crew.able[task.account_id or 0]
        if speeds.switch_first(session.account, task):
            _hold_back(task)
            continue
        pace = _send(hold, session.account, session, task)
        if pace is None:
            return None
        hold = replace(lanes.note_turns(hold, turns), next_send_at=pace)


def _hold_back(task: Task) -> None:
    """Let others go first while the bots are switched to the task's speed."""
    rows = Task.objects.filter(pk=task.pk, status=TaskStatus.NOT_START)
    rows.update(not_before=timezone.now() + SWITCHING)


def _send(
    hold: lanes.Hold, account: DiscordAccount, session: GatewaySession, task: Task
) -> datetime | None:
    """Claim a task and start its POST.

    Returns when the account may send again, or None where the claim was lost.
    """
    nonce = new_nonce()
    try:
        body = interaction_of(account, session, task, nonce)
    except UnknownCommand as exc:
        fail(task.pk, f"Discord 没有该命令 / Discord lists no command {exc}")
        return timezone.now()
    now = timezone.now()
    claimed = advance(
        task.pk,
        TaskStatus.SUBMITTED,
        where=Q(status=TaskStatus.NOT_START) & Q(hold.still_ours),
        then=lambda: _start_post(account, task.pk, nonce, body),
        nonce=nonce,
        guild_id=body.get("guild_id", ""),
        channel_id=body["channel_id"],
        delivery=Delivery.SENDING,
        claimed_at=now,
        checked_at=None,
        attempts=task.attempts + 1,
        deadline_at=now + timedelta(minutes=account.timeout_minutes),
        progress=0,
    )
    if not claimed:
        return None
    return lanes.keep_pace(account) or now


def _start_post(
    account: DiscordAccount, task_id: int, nonce: str, body: dict[str, Any]
) -> None:
    claimed = time.monotonic()
    bridge.spawn(_post(account, task_id, nonce, body, claimed=claimed, again=True))


async def _post(
    account: DiscordAccount,
    task_id: int,
    nonce: str,
    body: dict[str, Any],
    *,
    claimed: float,
    again: bool,
) -> None:
    """Post a claimed task's interaction and settle what became of it."""
    http = await clients.client_of(account)
    if time.monotonic() - claimed > LATE_POST and not await in_thread(
        _reclaim, task_id, nonce
    ):
        return
    answer = await http.post_interaction(body)
    is_command = not body.get("message_id")
    if answer.verdict is Verdict.STALE and again and is_command:
        fresh = await _refreshed(account, body)
        if fresh:
            nonce = await in_thread(_renew_nonce, task_id, nonce)
            if not nonce:
                return
            fresh["nonce"] = nonce
            await _post(
                account, task_id, nonce, fresh, claimed=time.monotonic(), again=False
            )
            return
    await in_thread(settle, account.pk, task_id, nonce, answer)


async def _refreshed(
    account: DiscordAccount, body: dict[str, Any]
) -> dict[str, Any] | None:
    """Read the command index anew; return the body with the command's new version."""
    http = await clients.client_of(account)
    try:
        commands = await http.command_index(account.guild_id)
    except Exception as exc:
        logger.warning("account %s: command index: %s", account.pk, exc)
        return None
    await in_thread(save_index, account.pk, commands)
    data = body["data"]
    for command in commands:
        same = command.get("name"), command.get("application_id")
        if same == (data["name"], body["application_id"]):
            data = data | {"id": command["id"], "version": command["version"]}
            return body | {"data": data}
    return None


def _reclaim(task_id: int, nonce: str) -> bool:
    """Renew a claim that has waited long for its post, unless it was given up."""
    rows = Task.objects.filter(pk=task_id, nonce=nonce, status=TaskStatus.SUBMITTED)
    return bool(rows.update(claimed_at=timezone.now()))


def _renew_nonce(task_id: int, old: str) -> str:
    """Write the repetition's nonce before its post; "" where the task has moved."""
    fresh = new_nonce()
    rows = Task.objects.filter(pk=task_id, nonce=old, status=TaskStatus.SUBMITTED)
    return fresh if rows.update(nonce=fresh, claimed_at=timezone.now()) else ""


def settle(account_id: int, task_id: int, nonce: str, answer: Answer) -> None:
    """Write what Discord's answer means for the task and for the account."""
    untouched = Task.objects.filter(
        pk=task_id, nonce=nonce, status__in=RUNNING, delivery=Delivery.SENDING
    )
    match answer.verdict:
        case Verdict.ACCEPTED:
            untouched.update(delivery=Delivery.ACCEPTED, started_at=timezone.now())
        case Verdict.UNKNOWN:
            logger.warning("task %s: %s, looked up later", task_id, answer.reason)
            untouched.update(delivery=Delivery.UNKNOWN)
        case Verdict.LATER:
            _try_later(account_id, task_id, nonce, answer)
        case Verdict.TOKEN_DEAD | Verdict.NEEDS_PERSON | Verdict.UNVERIFIED:
            release(task_id, nonce=nonce)
            note_refusal(account_id, answer)
        case Verdict.REFUSED | Verdict.STALE:
            fail(task_id, answer.reason, where=Q(nonce=nonce, interaction_id=None))


def _try_later(account_id: int, task_id: int, nonce: str, answer: Answer) -> None:
    """Discord certainly took nothing: its user rests, the task waits again."""
    moment = timezone.now() + timedelta(
        seconds=answer.retry_after * random.uniform(1.05, 1.25)  # noqa: S311
    )
    lanes.rest(account_id, moment)
    logger.warning("task %s: %s, again later", task_id, answer.reason)
    # A rate limit says nothing against the task: it does not count as an attempt.
    Task.objects.filter(pk=task_id, nonce=nonce, attempts__gt=0).update(
        attempts=F("attempts") - 1
    )
    release(task_id, nonce=nonce, not_before=moment)
