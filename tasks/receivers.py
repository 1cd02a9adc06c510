"""Receivers of signals inside this app. Imported by TasksConfig.ready()."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.signals import user_leaves
from mjproxy.lib.process.nudge import nudge
from tasks.cleanup.removal import remove_files_of
from tasks.models import Task
from tasks.pictures import inputs, store
from tasks.signals import task_changed
from tasks.webhooks.hooks import may_have_news


@receiver(task_changed)
def call_hook(*, task: Task, **kwargs: Any) -> None:
    if may_have_news(task):
        nudge("tasks.deliver_task", task.pk)


@receiver(user_leaves)
def remove_files(*, user_id: int, **kwargs: Any) -> None:
    remove_files_of(user_id)


@receiver(task_changed)
def drop_brought(*, task: Task, **kwargs: Any) -> None:
    if task.is_terminal:
        inputs.drop(task)


@receiver(task_changed)
def keep_finished(*, task: Task, **kwargs: Any) -> None:
    if store.wants_keeping(task):
        nudge("tasks.keep_picture", task.pk)
