"""Stop running jobs: press Midjourney's Cancel until the job is over.

A press may fail: the job is still queued at Midjourney, Discord answers with an error,
or the worker dies. Another press does no harm, so the outcome is not looked up.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import DiscordAccount
from accounts.states import TROUBLES
from gateway.discord import clients
from gateway.discord.command_index import UnknownCommand, find_command
from gateway.lanes import lane
from gateway.leases import still_open
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import CommandType
from gateway.protocol.shapes import Interaction
from gateway.sending import outcomes, posting, refusals
from gateway.sending.bodies import place_of
from gateway.sending.post_claim import PostClaim
from gateway.sending.refusals import Sent
from gateway.sending.session import sendable_session
from mjproxy.lib import faults
from mjproxy.lib.db.claim import claim, due, renew
from mjproxy.lib.faults import Work
from mjproxy.lib.ids import new_nonce
from mjproxy.lib.process import backoff, event_loop
from tasks.custom_ids import cancel_id
from tasks.enums import RUNNING
from tasks.models import Task

logger = logging.getLogger(__name__)


def pause(presses: int) -> timedelta:
    """Return the time for a press to take effect, before the next one: up to 60 s."""
    return timedelta(seconds=backoff.delay(presses + 2))


def to_press() -> list[int]:
    """Return the ids of the tasks whose Cancel is to be pressed now."""
    rows = _to_stop().filter(due("cancel_next_at"))
    return list(rows.values_list("pk", flat=True)[:200])


def _to_stop() -> QuerySet[Task]:
    """Running tasks that shall be stopped and have shown their job's message."""
    rows = Task.objects.filter(status__in=RUNNING, removed_at=None)
    return rows.exclude(cancel_requested_at=None).exclude(progress_message_id=None)


def press_cancel(task_id: int) -> bool:
    """Press Cancel for the task; return False if that is not possible now.

    The next press is booked before this one leaves, so a worker may die in between.
    """
    rows = _to_stop().filter(pk=task_id)
    due_now = rows.filter(due("cancel_next_at"))
    task = due_now.select_related("account").first()
    if task is None or task.account is None or task.account.state in TROUBLES:
        return False
    session = sendable_session(task.account)
    if session is None:
        return False
    try:
        body = _payload(task, task.account, session)
    except UnknownCommand:
        return False
    presses, began = task.cancel_presses + 1, time.monotonic()
    rows = rows.filter(still_open(session))
    if not claim(rows, "cancel_next_at", pause(presses), cancel_presses=presses):
        return False
    lane.keep_pace(task.account)
    right = PostClaim(body["nonce"], partial(_renew, task_id, presses, session), began)
    press = partial(_press, task.account, body, right)
    pressing = Work("pressing cancel of task", task_id)
    event_loop.spawn(faults.watch(pressing, press, at_once=True))
    return True


def _payload(
    task: Task, account: DiscordAccount, session: GatewaySession
) -> Interaction:
    """Return a press of the Cancel button, or the command of the message's menu.

    The button needs the job's uuid.
    """
    place = place_of(task, account, session)
    message_id = task.progress_message_id or ""
    if task.job_id:
        return payloads.button(
            place,
            new_nonce(),
            message_id=message_id,
            flags=0,
            custom_id=cancel_id(task.job_id),
        )
    command = find_command(
        account.pk,
        place.application_id,
        "Cancel Job",
        kind=CommandType.MESSAGE,
    )
    return payloads.message_command(place, new_nonce(), command, message_id)


def _renew(
    task_id: int, presses: int, session: GatewaySession, old: str, fresh: str
) -> bool:
    """Book the next press again; return False if that was done or the task is over."""
    rows = Task.objects.filter(pk=task_id, status__in=RUNNING, cancel_presses=presses)
    rows = rows.filter(still_open(session))
    return renew(rows, "cancel_next_at", pause(presses))


async def _press(
    account: DiscordAccount, body: Interaction, right: PostClaim, task_id: int
) -> None:
    http = await clients.client_of(account)
    sent_at = timezone.now()
    posted = await posting.post(http, account, body, right)
    if posted and posted.answer.verdict is not Verdict.ACCEPTED:
        await outcomes.keep(settle, account.pk, task_id, posted.answer, sent_at)


@dataclass(frozen=True)
class _SentPress(Sent):
    """A press of Cancel. What else Discord says of it, the next press tells again."""

    task_id: int
    sent_at: datetime

    def asked_at(self) -> datetime | None:
        return self.sent_at

    def later(self, answer: Answer, moment: datetime) -> None:
        # A rate limit says nothing against the press: it does not count.
        pressed = Task.objects.filter(pk=self.task_id, cancel_presses__gt=0)
        pressed.update(cancel_presses=F("cancel_presses") - 1, cancel_next_at=moment)


def settle(account_id: int, task_id: int, answer: Answer, sent_at: datetime) -> None:
    """Apply an answer with which Discord has not taken a press."""
    logger.warning(
        "task %s: cancel: %s, it is tried again later", task_id, answer.reason
    )
    refusals.settle(account_id, _SentPress(task_id, sent_at), answer)
