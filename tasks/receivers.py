"""Receivers of signals inside this app. Imported by TasksConfig.ready()."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.signals import user_leaves
from mjproxy.lib.process.nudge import nudge
from tasks import lockouts
from tasks.back_translation import wants_back
from tasks.cleanup.removal import remove_files_of
from tasks.enums import SWAPS
from tasks.models import Task
from tasks.pictures import previews, store
from tasks.pictures.kept import brought
from tasks.signals import task_changed, task_submitted
from tasks.webhooks.hooks import may_have_news


@receiver(task_changed)
def call_hook(*, task: Task, **kwargs: Any) -> None:
    if may_have_news(task):
        nudge("tasks.deliver_task", task.pk, hurry=task.is_terminal)


@receiver(user_leaves)
def remove_files(*, user_id: int, **kwargs: Any) -> None:
    remove_files_of(user_id)


@receiver(task_changed)
def drop_brought(*, task: Task, **kwargs: Any) -> None:
    if task.is_terminal:
        brought.end(task)


@receiver(task_changed)
def keep_finished(*, task: Task, **kwargs: Any) -> None:
    if store.wants_keeping(task):
        nudge("tasks.keep_picture", task.pk)


@receiver(task_changed)
def keep_preview(*, task: Task, **kwargs: Any) -> None:
    if previews.wants_keeping(task):
        nudge("tasks.keep_preview", task.pk, hurry=False)
    elif task.is_terminal and previews.is_on():
        previews.drop(task.pk)


@receiver(task_submitted)
def start_swap(*, task: Task, **kwargs: Any) -> None:
    if task.action in SWAPS:
        nudge("tasks.start_swaps", task.pk)


@receiver(task_changed)
def start_next_swap(*, task: Task, **kwargs: Any) -> None:
    if task.action in SWAPS and task.is_terminal:
        nudge("tasks.start_swaps", task.pk)


@receiver(task_changed)
def show_in_chinese(*, task: Task, **kwargs: Any) -> None:
    if wants_back(task):
        nudge("tasks.translate_back", task.pk)


@receiver(task_changed)
def count_refusal(*, task: Task, **kwargs: Any) -> None:
    if lockouts.is_refused(task):
        lockouts.count_refusal(task)
