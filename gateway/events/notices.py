"""Apply notices to tasks and accounts (docs/protocol.md, notices)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.enums import AccountState
from accounts.state.changes import trouble
from accounts.state.notes import note_notice
from accounts.verification import lock
from gateway.events.matching import CLOCK_SKEW, moment_of
from gateway.lanes import lane
from gateway.protocol.constants import MessageFlag
from gateway.protocol.messages import Message
from gateway.protocol.notice_kinds import VERIFICATION, AccountEffect, TaskEffect
from gateway.protocol.notices import Notice
from gateway.queries import fast_time
from gateway.sending import verification
from gateway.sending.refusals import MAX_ATTEMPTS
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.validators.number_limits import span_of
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.services import CANCELLED, fail, learn, release_refused

logger = logging.getLogger(__name__)

# A task waits for a moment in a notice only if it is this near.
LONGEST_REST: Final = timedelta(minutes=5)
# Factor on the account's time limit for a job that Midjourney has queued.
QUEUED_FACTOR: Final = 3
# Added to the moment in a notice, because clocks differ.
SLACK: Final = timedelta(seconds=5)
# A message that seems older has an id that Discord did not make.
OLDEST: Final = timedelta(days=2)
_STATES: Final = {
    AccountEffect.PAUSE: AccountState.PAUSED,
    AccountEffect.BLOCK: AccountState.BLOCKED,
    AccountEffect.VERIFY: AccountState.VERIFICATION,
    AccountEffect.NO_PLAN: AccountState.NO_SUBSCRIPTION,
}


# --- the account ---------------------------------------------------------------------


@again_after_deadlock
def apply_to_account(
    account_id: int,
    user_id: str,
    message: Message,
    notice: Notice,
    *,
    known: bool,
) -> None:
    """Apply a notice's effect on the account, once.

    `known` says that its message belongs to a task of the account.
    """
    effect = notice.kind.account
    if effect is AccountEffect.NONE or not (known or _is_to(user_id, message)):
        return
    with transaction.atomic():
        # History repeats the message, perhaps after a person has acted.
        if not note_notice(account_id, message.id):
            return
        state = _STATES.get(effect)
        until = _end(notice) if state is AccountState.BLOCKED else None
        reason = notice.account_reason(until)
        asked_at = _written_at(message)
        if state is AccountState.VERIFICATION:
            lock.ask(account_id, reason=reason, asked_at=asked_at)
        elif state:
            trouble(account_id, state, reason, until, asked_at=asked_at)
        else:
            fast_time.exhausted(account_id, reason, asked_at=asked_at)


def ask_for_verification(account_id: int, custom_id: str, task: Task | None) -> None:
    """Apply a verification page, which opened instead of an answer to `task`."""
    asked_at = task.claimed_at if task else None
    verification.challenged(account_id, custom_id, asked_at=asked_at)
    if task:
        fail(task.pk, Notice(VERIFICATION, "").reason)


def _written_at(message: Message) -> datetime | None:
    """Return when a message was written, or None if its id does not tell."""
    moment = moment_of(int(message.id)) if message.id.isdecimal() else None
    age = timezone.now() - moment if moment else None
    return moment if age and -CLOCK_SKEW < age < OLDEST else None


def _is_to(user_id: str, message: Message) -> bool:
    if message.addressee:
        return message.addressee == user_id
    # An ephemeral message reaches no other session.
    return bool(message.flags & MessageFlag.EPHEMERAL)


def _end(notice: Notice) -> datetime | None:
    if moment := notice.moment():
        return moment + SLACK
    lasts = notice.lasts()
    return timezone.now() + lasts + SLACK if lasts else None


# --- the task ------------------------------------------------------------------------


def apply_to_task(
    task: Task, message: Message, notice: Notice, facts: TaskChanges
) -> None:
    """Apply a notice to an open task; `facts` are the keys in its message."""
    if message.nonce and task.nonce and message.nonce != task.nonce:
        return  # it answers an earlier attempt
    match notice.kind.task:
        case TaskEffect.WAIT:
            facts["deadline_at"] = _deadline(task)
            said = notice.reason
            facts["waiting_reason"] = said[:400]
            learn(task.pk, tell=said != task.description, description=said, **facts)
        case TaskEffect.AGAIN:
            _again(task, message, notice)
        case TaskEffect.FAIL:
            fail(task.pk, notice.reason)


def _deadline(task: Task) -> datetime:
    minutes = task.account.timeout_minutes if task.account else 10
    return timezone.now() + span_of(minutes * QUEUED_FACTOR)


def _again(task: Task, message: Message, notice: Notice) -> None:
    """Let the task wait and be sent again, or end it if that is pointless."""
    if notice.kind.rest and task.account_id is not None:
        # Anything else that the account sent now would get the same answer.
        said = f"{notice.kind.zh} / {notice.kind.en}"
        lane.rest(task.account_id, timezone.now() + notice.kind.rest, said)
    if task.cancel_requested_at:
        fail(task.pk, CANCELLED)
        return
    moment = _next_try(task, notice)
    if task.attempts >= MAX_ATTEMPTS or moment is None:
        fail(task.pk, notice.reason)
        return
    if task.nonce and release_refused(
        task, message_id=message.id, not_before=moment, reason=notice.reason
    ):
        logger.warning(
            "task %s: %s, it is tried again later", task.pk, notice.kind.name
        )
    else:
        fail(task.pk, notice.reason)  # its job is in another message


def _next_try(task: Task, notice: Notice) -> datetime | None:
    """Return when the task may be sent again; None if that is unknown or too far."""
    now = timezone.now()
    if notice.kind.rest:
        return now + notice.kind.rest * task.attempts
    moment = notice.moment()
    if moment is None or abs(moment - now) > LONGEST_REST:
        return None
    return max(moment, now) + SLACK
