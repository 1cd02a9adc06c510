"""Handle gateway events; each moves at most one task. Sync; called in a thread."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gateway.events import (
    matching,
    presses,
    progress,
    query_answers,
    remembered,
    results,
    seeds,
    windows,
)
from gateway.events.matching import Match
from gateway.events.notices import apply_to_account, apply_to_task, ask_for_verification
from gateway.events.open_tasks import OpenTasks
from gateway.events.progress import accepted, identities
from gateway.events.remembered import Said
from gateway.nudges import enqueue_answer
from gateway.protocol import messages, notices, words
from gateway.protocol.constants import NIJI_APP, Event, MessageFlag
from gateway.protocol.content import Content
from gateway.protocol.messages import Attachment, Message
from gateway.protocol.notices import Notice
from gateway.protocol.shapes import ChannelMessage, Deleted, Opened
from mjproxy.lib.db.compiled_query import CompiledUpdate
from tasks.enums import (
    OPEN,
    BotType,
    TaskAction,
    TaskStatus,
    WindowState,
)
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.services import CANCELLED, advance, fail, learn

logger = logging.getLogger(__name__)

# Answered with text in an embed, without a new picture.
_WORDED: Final = frozenset({TaskAction.DESCRIBE, TaskAction.SHORTEN})


@dataclass(frozen=True)
class Recipient:
    """The account that receives the events, with its Discord user and channels."""

    account_id: int
    user_id: str
    channels: frozenset[str]
    open_tasks: OpenTasks = field(default_factory=OpenTasks, compare=False)


class Outcome(enum.Enum):
    """What an event led to."""

    NOT_OURS = enum.auto()
    TAUGHT = enum.auto()  # a fact was stored; parked events may fit now
    READ = enum.auto()  # as TAUGHT, from a result or notice, which a person would read
    UNRESOLVED = enum.auto()  # probably ours, but of no known task: park it


def handle(recipient: Recipient, event: str, data: Any) -> Outcome:
    """Process one event.

    Safe to call twice with the same event, and out of order.
    """
    handler = _HANDLERS.get(event)
    return handler(recipient, data) if handler else Outcome.NOT_OURS


# --- interactions --------------------------------------------------------------------


def _interaction_seen(
    recipient: Recipient, data: Opened, *, done: bool = False
) -> Outcome:
    account_id, memory = recipient.account_id, recipient.open_tasks
    if memory.has_interaction(data):
        return Outcome.TAUGHT
    task = matching.by_nonce(account_id, str(data.get("nonce") or ""))
    if task is None and (
        query_answers.interaction_seen(account_id, data)
        or presses.seen(account_id, data, done=done)
    ):
        return Outcome.TAUGHT
    if task is None or task.is_terminal:
        return Outcome.NOT_OURS
    seen, facts = str(data.get("id") or ""), accepted(task)
    if seen and task.interaction_id is None:
        _learn(memory, task, facts | {"interaction_id": seen})
    elif seen and task.window == WindowState.ANSWERED and seen != task.interaction_id:
        learn(task.pk, known=task, window_interaction_id=seen, **facts)
    return Outcome.TAUGHT


def _interaction_failed(recipient: Recipient, data: Opened) -> Outcome:
    task = matching.by_nonce(recipient.account_id, str(data.get("nonce") or ""))
    if task is None and (
        query_answers.interaction_failed(recipient.account_id, data)
        or presses.failed(recipient.account_id, data)
    ):
        return Outcome.TAUGHT
    if task is None:
        return Outcome.NOT_OURS
    code = data.get("reason_code")
    fail(
        task.pk,
        f"Midjourney 没有响应 / Midjourney did not answer the command (reason {code})",
        where=Q(nonce=task.nonce, job_id=None, status=TaskStatus.SUBMITTED),
    )
    return Outcome.TAUGHT


def _window_opened(recipient: Recipient, data: Opened) -> Outcome:
    task = matching.by_nonce(recipient.account_id, str(data.get("nonce") or ""))
    if task is None or task.is_terminal:
        return Outcome.NOT_OURS
    if windows.opened(task, data):
        transaction.on_commit(partial(enqueue_answer, task.pk))
    return Outcome.TAUGHT


def _page_opened(recipient: Recipient, data: Opened) -> Outcome:
    path = str(data.get("iframe_path") or "").lstrip("/")
    if not path.startswith("captcha/"):
        return _window_opened(recipient, data)
    task = matching.by_nonce(recipient.account_id, str(data.get("nonce") or ""))
    if task is None:
        _ = query_answers.challenged(recipient.account_id, data) or presses.challenged(
            recipient.account_id, data
        )
    ask_for_verification(recipient.account_id, str(data.get("custom_id") or ""), task)
    return Outcome.TAUGHT


# --- messages ------------------------------------------------------------------------


def _message(recipient: Recipient, data: ChannelMessage) -> Outcome:
    message = messages.read(data)
    if not message.id or (message.author_id and not message.is_bot):
        return Outcome.NOT_OURS
    if message.channel_id not in recipient.channels:
        seeds.heard(recipient.account_id, message)
        return Outcome.NOT_OURS
    notice = notices.read(message)
    if notice is None and (said := remembered.spoken(recipient.open_tasks, message)):
        return Outcome.READ if said is Said.RESULT else Outcome.TAUGHT
    us = recipient.account_id, recipient.user_id
    if _is_private(message, notice) and presses.heard(us[0], message, notice):
        if notice:
            apply_to_account(*us, message, notice, known=True)
        return Outcome.TAUGHT
    match = _resolve(recipient, message)
    if match is None and query_answers.heard(*us, message, notice):
        return Outcome.TAUGHT
    if notice:
        known = match is not None
        apply_to_account(
            recipient.account_id, recipient.user_id, message, notice, known=known
        )
    if match is None:
        return _unresolved(recipient, message)
    return _matched(recipient, match, message, notice)


def _matched(
    recipient: Recipient, match: Match, message: Message, notice: Notice | None
) -> Outcome:
    if match.task.is_terminal:
        return Outcome.NOT_OURS
    if _answers_cancel(match, message):
        return Outcome.TAUGHT  # "No running job" says nothing about the drawing
    if notice:
        facts = identities(match.task, message) | accepted(match.task)
        apply_to_task(match.task, message, notice, facts)
        return Outcome.READ
    return _spoken(recipient.open_tasks, match, message)


def _is_private(message: Message, notice: Notice | None) -> bool:
    """Return whether the message may answer a query or a press that draws nothing."""
    quiet = MessageFlag.EPHEMERAL | MessageFlag.LOADING
    return notice is not None or bool(message.flags & quiet)


def _answers_cancel(match: Match, message: Message) -> bool:
    """Return whether the message answers a Cancel.

    A progress message has no other button.
    """
    pressed = message.pressed_id
    is_ours = bool(pressed) and pressed == match.task.progress_message_id
    return match.by == "reference" and is_ours


def _resolve(recipient: Recipient, message: Message) -> Match | None:
    found = matching.by_identity(recipient.account_id, message)
    if found and found.task.is_terminal:
        return _follow_up(recipient, message, found) or found
    if found is None and _is_to_us(recipient, message):
        found = matching.by_reference(recipient.account_id, message)
    if found is None:
        bot = (
            BotType.NIJI_JOURNEY
            if message.author_id == NIJI_APP
            else BotType.MID_JOURNEY
        )
        found = matching.by_text(
            recipient.account_id, recipient.user_id, message, bot_type=bot
        )
    return found


def _follow_up(recipient: Recipient, message: Message, over: Match) -> Match | None:
    """Return the running task whose answer carries an identity of an ended one.

    Midjourney answers some buttons by editing the message of an earlier task, and a
    clip may keep the uuid of its video.
    """
    if edited := matching.by_edit(recipient.account_id, message):
        return edited
    if over.by == "job" and _is_to_us(recipient, message):
        return matching.by_reference(recipient.account_id, message)
    return None


def _is_to_us(recipient: Recipient, message: Message) -> bool:
    """Return whether the message answers this account, not another in the channel."""
    if named := message.addressee:
        return named == recipient.user_id
    # An ephemeral message reaches no other session.
    return bool(message.flags & MessageFlag.EPHEMERAL) or bool(message.reference_id)


def _unresolved(recipient: Recipient, message: Message) -> Outcome:
    said = message.content
    if said and said.user_id == recipient.user_id:
        return Outcome.UNRESOLVED
    if said is None and (message.embeds or message.is_loading):
        return Outcome.UNRESOLVED
    if said and recipient.user_id:
        recipient.open_tasks.note_foreign(message.id)
    return Outcome.NOT_OURS


def _spoken(open_tasks: OpenTasks, match: Match, message: Message) -> Outcome:
    """Apply the message of a job to its task."""
    task, said = match.task, message.content
    if said and message.is_result and message.attachment:
        return _drawn(open_tasks, match, message, said, message.attachment)
    if task.action in _WORDED and (answer := words.read(message)):
        if match.by == "edit" and not results.is_news(task, answer):
            return Outcome.TAUGHT  # only its button was marked as pressed
        return _ended(results.worded(match, message, answer))
    if said is None or said.waiting:
        if said or message.is_loading:
            facts = identities(task, message) | accepted(task)
            if said and task.waiting_reason:
                facts["waiting_reason"] = ""  # no longer in Midjourney's queue
            facts |= windows.did_not_open(task)
            _learn(open_tasks, task, facts)
        return Outcome.TAUGHT
    if said.stopped:
        _stopped(task)
        return Outcome.TAUGHT
    if said.percent is not None:
        _progressed(open_tasks, match, message, said)
    return Outcome.TAUGHT


def _drawn(
    open_tasks: OpenTasks,
    match: Match,
    message: Message,
    said: Content,
    picture: Attachment,
) -> Outcome:
    task = match.task
    if message.job_id and task.job_id and message.job_id != task.job_id:
        logger.warning("task %s: result of another job ignored", task.pk)
        return Outcome.UNRESOLVED
    open_tasks.forget(task)
    if done := results.drawn(match, message, said, picture):
        open_tasks.ended(task)
    return _ended(done)


def _learn(open_tasks: OpenTasks, task: Task, facts: TaskChanges) -> None:
    if learn(task.pk, known=task, **facts):
        open_tasks.remember(task, **facts)


def _ended(done: bool) -> Outcome:  # noqa: FBT001
    return Outcome.READ if done else Outcome.NOT_OURS


def _progressed(
    open_tasks: OpenTasks, match: Match, message: Message, said: Content
) -> None:
    task = match.task
    changes = identities(task, message) | accepted(task)
    changes |= windows.did_not_open(task)
    if not task.matched_by:
        changes["matched_by"] = match.by
    changes |= progress.shown(said, message)
    if advance(task.pk, TaskStatus.IN_PROGRESS, known=task, **changes):
        open_tasks.remember(task, status=TaskStatus.IN_PROGRESS, **changes)
    else:
        # An older event, which may still name the job.
        learn(task.pk, known=task, **identities(task, message))


def _stopped(task: Task) -> None:
    if task.cancel_requested_at:
        fail(task.pk, CANCELLED)
    else:
        fail(task.pk, "任务被 Midjourney 停止 / stopped by Midjourney or in Discord")


# --- removals ------------------------------------------------------------------------


def _deleted(recipient: Recipient, data: Deleted) -> Outcome:
    ids = [str(i) for i in (data.get("ids") or [data.get("id", "")]) if i]
    if str(data.get("channel_id")) not in recipient.channels or not ids:
        return Outcome.NOT_OURS
    # The result usually follows or came before. Otherwise history decides.
    now, memory = timezone.now(), recipient.open_tasks
    for message_id in ids:
        if not memory.is_over(message_id):
            memory.note_removal(message_id, now)
            _note_removal(recipient.account_id, message_id, now)
    return Outcome.TAUGHT


_column: Final[Any] = Task._meta.get_field
_note_removal: Final = CompiledUpdate(
    lambda account, message, now: (
        Task.objects.filter(
            account_id=account,
            progress_message_id=message,
            status__in=sorted(OPEN),
            removed_at=None,
        ),
        {"removed_at": now},
    ),
    [
        _column("account"),
        _column("progress_message_id"),
        _column("removed_at"),
    ],
)


_HANDLERS: Final[Mapping[str, Callable[[Recipient, Any], Outcome]]] = {
    Event.MESSAGE_CREATE: _message,
    Event.MESSAGE_UPDATE: _message,
    Event.MESSAGE_DELETE: _deleted,
    Event.MESSAGE_DELETE_BULK: _deleted,
    Event.INTERACTION_CREATE: _interaction_seen,
    Event.INTERACTION_SUCCESS: partial(_interaction_seen, done=True),
    Event.INTERACTION_FAILURE: _interaction_failed,
    Event.INTERACTION_MODAL_CREATE: _window_opened,
    Event.INTERACTION_IFRAME_MODAL_CREATE: _page_opened,
}
