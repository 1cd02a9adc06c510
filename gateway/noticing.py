"""What a notice does to its task and to the account (docs/protocol.md, notices)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.services import pause
from gateway.protocol.constants import MessageFlag
from gateway.protocol.messages import Message
from gateway.protocol.notices import Effect, Notice
from tasks.enums import RUNNING
from tasks.models import Task
from tasks.services import fail, learn, release

logger = logging.getLogger(__name__)

# Sent at most so often; each time Discord or Midjourney certainly took nothing.
MAX_ATTEMPTS: Final = 5
QUEUE_FULL_REST: Final = timedelta(seconds=15)
# A job that Midjourney has queued may take so many times the account's limit.
QUEUED_FACTOR: Final = 3


def heed(
    account_id: int, user_id: str, message: Message, notice: Notice, task: Task | None
) -> None:
    """Obey a notice, with or without a task, as far as it is about the account."""
    if _pauses(user_id, message, notice, task):
        logger.error("account %s: notice %s", account_id, notice.kind.name)
        pause(account_id, notice.text)


def _pauses(user_id: str, message: Message, notice: Notice, task: Task | None) -> bool:
    if notice.kind.effect is not Effect.PAUSE:
        return False
    if task:
        # One that has ended its task was obeyed then; now it is read again.
        return task.fail_reason != notice.text
    if message.addressee:
        return message.addressee == user_id
    return bool(message.flags & MessageFlag.EPHEMERAL)


def obey(task: Task, notice: Notice, facts: dict[str, Any]) -> None:
    """Do to an open task what a notice says; `facts` is what its message teaches."""
    match notice.kind.effect:
        case Effect.WAIT:
            facts["deadline_at"] = _deadline(task, factor=QUEUED_FACTOR)
            said = notice.text[:4000]
            learn(task.pk, tell=said != task.description, description=said, **facts)
        case Effect.REQUEUE:
            _requeue(task, notice)
        case _:
            fail(task.pk, notice.text)


def _requeue(task: Task, notice: Notice) -> None:
    """Let the task wait again: Midjourney's own queue is full, nothing was started."""
    if task.attempts >= MAX_ATTEMPTS or not task.nonce:
        fail(task.pk, notice.text)
        return
    Task.objects.filter(pk=task.pk, nonce=task.nonce, status__in=RUNNING).update(
        interaction_id=None, progress_message_id=None
    )
    release(task.pk, nonce=task.nonce, not_before=timezone.now() + QUEUE_FULL_REST)


def _deadline(task: Task, *, factor: int = 1) -> datetime:
    minutes = task.account.timeout_minutes if task.account else 10
    return timezone.now() + timedelta(minutes=minutes * factor)
