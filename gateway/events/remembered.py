"""Apply messages of remembered tasks with one UPDATE each, or none."""

from __future__ import annotations

import enum
from typing import Any, Final

from gateway.events import matching, progress, results
from gateway.events.matching import Match
from gateway.events.open_tasks import COMPARED, OpenTasks
from gateway.protocol import messages, notices
from gateway.protocol.constants import Event, MessageFlag
from gateway.protocol.content import Content
from gateway.protocol.messages import Attachment, Message
from gateway.protocol.shapes import Opened
from tasks.conditions import Condition
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.services import advance, learn

# Ended otherwise than by a picture of their own job.
_SPECIAL: Final = frozenset({TaskAction.DESCRIBE, TaskAction.SHORTEN, TaskAction.SHOW})


class Said(enum.Enum):
    """What a message was about."""

    RESULT = enum.auto()
    PROGRESS = enum.auto()


def quickly(
    open_tasks: OpenTasks,
    account_id: int,
    channels: frozenset[str],
    event: str,
    data: Any,
    held: Condition,
) -> Said | None:
    """Process an event with at most one UPDATE, which needs no transaction.

    Return None, and write nothing, if it needs more, or if `held` does not hold.
    """
    if event in (Event.INTERACTION_CREATE, Event.INTERACTION_SUCCESS):
        return _begun(open_tasks, account_id, data, held)
    if event == Event.MESSAGE_DELETE:
        is_over = open_tasks.is_over(str(data.get("id")))
        return Said.PROGRESS if is_over else None
    if event not in (Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE) or not open_tasks:
        return None
    message = messages.read(data)
    is_of_bot = message.is_bot or not message.author_id
    if not is_of_bot or message.channel_id not in channels:
        return None
    return None if notices.read(message) else spoken(open_tasks, message, held)


def _begun(
    open_tasks: OpenTasks, account_id: int, data: Opened, held: Condition
) -> Said | None:
    """Give a task that was just sent the id of its interaction, and remember it."""
    if open_tasks.has_interaction(data):
        return Said.PROGRESS
    task = matching.by_nonce(account_id, str(data.get("nonce") or ""))
    seen = str(data.get("id") or "")
    if task is None or task.is_terminal or task.interaction_id or not seen:
        return None
    facts = progress.accepted(task) | {"interaction_id": seen}
    if not learn(task.pk, known=task, same=COMPARED, where=held, **facts):
        return None
    open_tasks.remember(task, **facts)
    return Said.PROGRESS


def spoken(
    open_tasks: OpenTasks, message: Message, held: Condition | None = None
) -> Said | None:
    """Apply a message to its task; None if the task must be looked up.

    Nothing is written if the row was changed elsewhere, or if `held` does not hold.
    """
    match, said = open_tasks.find(message), message.content
    if match is None or said is None or not _is_plain(match.task, message):
        return None
    if message.is_result:
        picture = message.attachment
        if picture is None:
            return None
        return _ended(open_tasks, match, message, said, picture, held)
    if said.stopped:
        return None
    if said.waiting:
        return _waits(open_tasks, match, message, held)
    if said.percent is not None:
        return _went_on(open_tasks, match, message, said, held)
    return None


def _is_plain(task: Task, message: Message) -> bool:
    """Return whether no key is another's, and no special rule is the task's."""
    ours = {task.interaction_id, task.window_interaction_id}
    return not (
        message.flags & (MessageFlag.EPHEMERAL | MessageFlag.LOADING)
        or not ours.issuperset(message.interaction_ids)
        or (message.job_id and task.job_id not in (None, message.job_id))
        or task.window == WindowState.EXPECTED
        or task.action in _SPECIAL
    )


def _waits(
    open_tasks: OpenTasks, match: Match, message: Message, held: Condition | None
) -> Said | None:
    task = match.task
    facts = progress.identities(task, message) | progress.accepted(task)
    if task.waiting_reason:
        facts["waiting_reason"] = ""
    if not facts:
        return None  # nothing would be compared with the row
    if not learn(task.pk, known=task, same=COMPARED, where=held, **facts):
        open_tasks.forget(task)
        return None
    open_tasks.remember(task, **facts)
    return Said.PROGRESS


def _went_on(
    open_tasks: OpenTasks,
    match: Match,
    message: Message,
    said: Content,
    held: Condition | None,
) -> Said | None:
    task, status = match.task, TaskStatus.IN_PROGRESS
    changes = progress.identities(task, message) | progress.accepted(task)
    if not task.matched_by:
        changes["matched_by"] = match.by
    changes |= progress.shown(said, message)
    if not _moved(task, status, held, changes):
        open_tasks.forget(task)
        return None
    open_tasks.remember(task, status=status, **changes)
    return Said.PROGRESS


def _ended(
    open_tasks: OpenTasks,
    match: Match,
    message: Message,
    said: Content,
    picture: Attachment,
    held: Condition | None,
) -> Said | None:
    changes = results.of_picture(match, message, said, picture)
    if not _moved(match.task, TaskStatus.SUCCESS, held, changes):
        open_tasks.forget(match.task)
        return None
    open_tasks.ended(match.task)
    return Said.RESULT


def _moved(
    task: Task, status: TaskStatus, held: Condition | None, changes: TaskChanges
) -> bool:
    return advance(task.pk, status, known=task, same=COMPARED, where=held, **changes)
