"""Progress: the facts about a task in a message of its running job."""

from __future__ import annotations

from django.utils import timezone

from gateway.events import results
from gateway.protocol.content import Content
from gateway.protocol.messages import Message
from tasks.enums import Delivery, TaskAction
from tasks.models import Task
from tasks.models.task_changes import TaskChanges


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


def identities(task: Task, message: Message) -> TaskChanges:
    """Return the keys in the message that the task does not have yet."""
    facts: TaskChanges = {}
    speaks = message.content is not None and not message.is_result
    known = (task.progress_message_id, task.parent_message_id)
    # A queued job continues in another message.
    if (task.progress_message_id is None or speaks) and message.id not in known:
        facts["progress_message_id"] = message.id
        if task.removed_at:
            facts["removed_at"] = None
    if task.job_id is None and message.job_id and task.action != TaskAction.SHOW:
        facts["job_id"] = message.job_id
    if task.interaction_id is None and message.interaction_ids:
        facts["interaction_id"] = message.interaction_ids[0]
    if task.cancel_requested_at and facts.keys() & {"progress_message_id", "job_id"}:
        # The job has started or has its uuid, so Cancel may work now.
        facts |= {"cancel_presses": 0, "cancel_next_at": None}
    return facts


def accepted(task: Task) -> TaskChanges:
    facts: TaskChanges = {}
    if task.delivery != Delivery.ACCEPTED:
        facts["delivery"] = Delivery.ACCEPTED
    if task.started_at is None:
        facts["started_at"] = timezone.now()
    return facts
