"""Stopping a running job: Midjourney's own Cancel is pressed for the user."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.utils import timezone

from accounts.models import DiscordAccount
from gateway import clients, lanes, posting
from gateway.commands import UnknownCommand, find_command
from gateway.interactions import place_of
from gateway.leases import is_held
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.constants import CommandType
from gateway.refusals import rest
from tasks import bridge, faults
from tasks.custom_ids import cancel_id
from tasks.database import in_thread
from tasks.enums import RUNNING
from tasks.faults import Work
from tasks.ids import new_nonce
from tasks.models import Task

logger = logging.getLogger(__name__)


def press_cancel(task_id: int) -> bool:
    """Ask Midjourney to stop the task's job, once; False where it cannot be yet."""
    rows = Task.objects.filter(
        pk=task_id, status__in=RUNNING, cancel_pressed_at=None
    ).exclude(cancel_requested_at=None)
    task = rows.exclude(progress_message_id=None).select_related("account").first()
    if task is None or task.account is None:
        return False
    session = GatewaySession.objects.filter(account=task.account).first()
    if session is None or not (session.is_live and is_held(session)):
        return False
    if lanes.is_resting(task.account.pk):
        return False
    try:
        body = _payload(task, task.account, session)
    except UnknownCommand:
        return False
    if not rows.update(cancel_pressed_at=timezone.now()):
        return False
    lanes.keep_pace(task.account)
    press = partial(_press, task.account, body)
    pressing = Work("pressing cancel of task", task_id)
    bridge.spawn(faults.watch(pressing, press, at_once=True))
    return True


def _payload(
    task: Task, account: DiscordAccount, session: GatewaySession
) -> dict[str, Any]:
    """Press the Cancel button where the job is named, else use the message's menu."""
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


async def _press(account: DiscordAccount, body: dict[str, Any], task_id: int) -> None:
    http = await clients.client_of(account)
    posted = await posting.post(http, account, body, lambda _: new_nonce())
    answer = posted.answer if posted else Answer(Verdict.UNKNOWN)
    if answer.verdict is Verdict.LATER:
        await in_thread(_press_again, account.pk, task_id, answer)
    elif answer.verdict is not Verdict.ACCEPTED:
        logger.warning("task %s: cancel: %s", task_id, answer.reason)


def _press_again(account_id: int, task_id: int, answer: Answer) -> None:
    rest(account_id, answer)
    Task.objects.filter(pk=task_id).update(cancel_pressed_at=None)
