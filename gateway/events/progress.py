"""Write the progress of a job that a message shows."""

from __future__ import annotations

from gateway.events import results
from gateway.events.open_tasks import COMPARED, OpenTasks
from gateway.protocol.constants import MessageFlag
from gateway.protocol.content import Content
from gateway.protocol.messages import Message
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.models.task_changes import TaskChanges
from tasks.services import advance


def shown(said: Content, message: Message) -> TaskChanges:
    """Return what a progress message shows."""
    changes: TaskChanges = {
        "progress": min(said.percent or 0, 99),
        "final_prompt": said.prompt,
    }
    if speed := results.speed_of(said):
        changes["mode"] = speed
    if message.attachment:
        changes["preview_source"] = message.attachment.url
    return changes


def went_on(open_tasks: OpenTasks, message: Message) -> bool:
    """Write the progress of a remembered task; return False if it must be looked up."""
    task, said = open_tasks.find(message.id), message.content
    if task is None or said is None or said.percent is None:
        return False
    if not _is_as_before(task, message):
        return False
    changes, status = shown(said, message), TaskStatus.IN_PROGRESS
    if not advance(task.pk, status, known=task, same=COMPARED, **changes):
        open_tasks.forget(task)
        return False
    open_tasks.remember(task, **changes)
    return True


def _is_as_before(task: Task, message: Message) -> bool:
    """Return whether the message names nothing that its task does not have.

    Otherwise the task learns something, or a stronger key names another task.
    """
    ours = {task.interaction_id, task.window_interaction_id}
    return not (
        message.nonce
        or message.flags & (MessageFlag.EPHEMERAL | MessageFlag.LOADING)
        or not ours.issuperset(message.interaction_ids)
        or message.job_id not in ("", task.job_id)
    )
