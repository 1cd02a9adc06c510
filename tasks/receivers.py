"""What follows a change of a task inside this app. Imported by TasksConfig.ready()."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from tasks import pictures, webhooks
from tasks.jobs import deliver_task, keep_picture
from tasks.models import Task
from tasks.nudges import nudge
from tasks.signals import task_changed


@receiver(task_changed)
def call_hook(*, task_id: int, **kwargs: Any) -> None:
    if webhooks.waiting_url(task_id):
        nudge(deliver_task, task_id)


@receiver(task_changed)
def keep_finished(*, task_id: int, **kwargs: Any) -> None:
    task = Task.objects.only("status", "picture_source", "picture_file")
    if pictures.wants_keeping(task.get(pk=task_id)):
        nudge(keep_picture, task_id)
