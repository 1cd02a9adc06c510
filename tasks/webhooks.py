"""Calls of the clients' hooks: written with the change, delivered in order."""

from __future__ import annotations

from tasks.enums import TERMINAL
from tasks.models import Task, WebhookDelivery
from tasks.representation import task_bytes


def record_delivery(task: Task) -> None:
    """Write the call that reports the task as it is now, inside the caller's transaction.

    Only the newest news of a task waits: earlier ones that were not delivered yet are
    skipped by the delivery job, the end never is.
    """
    if not task.notify_hook:
        return
    WebhookDelivery.objects.create(
        task=task,
        revision=task.revision,
        is_final=task.status in TERMINAL,
        url=task.notify_hook,
        body=task_bytes(task).decode(),
    )
