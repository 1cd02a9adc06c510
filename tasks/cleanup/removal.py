"""Remove a task at an operator's request, and the files of a user."""

from __future__ import annotations

import logging
from typing import Final

from django.db.models import Q

from mjproxy.lib.audit.records import in_record, note
from tasks.models import InputPicture, Task
from tasks.pictures import store
from tasks.pictures.kept import files
from tasks.services import fail

logger = logging.getLogger(__name__)

BATCH: Final = 500
REMOVED: Final = "删除任务"


@in_record
def end_for_removal(task: Task) -> None:
    """Fail a task that is not over, so that its owner's hook is called."""
    fail(task.pk, REMOVED)
    note("remove", task)


def remove_told(task: Task, *, in_any_case: bool) -> bool:
    """Remove a finished task; False while its hook is still to be called.

    `in_any_case` does not wait for the call.
    """
    untold = Task.objects.filter(pk=task.pk, hook_due_at__isnull=False)
    if untold.exists() and not in_any_case:
        return False
    files.release([task.pk])
    Task.objects.filter(pk=task.pk).delete()
    logger.info("task %s: removed", task.pk)
    return True


def remove_files_of(user_id: int) -> None:
    """Remove all files of a user: drawn pictures and input pictures."""
    shown = ~Q(picture_file="") | Q(inputs__kept_file__gt="")
    drawn = Task.objects.filter(shown, owner=user_id).order_by().distinct()
    theirs = Q(task__owner=user_id) | Q(errand__owner=user_id)
    brought = InputPicture.objects.filter(theirs).exclude(file="")
    while batch := list(drawn.values_list("pk", flat=True)[:BATCH]):
        files.release(batch)
    for file in brought.order_by().values_list("file", flat=True).iterator():
        store.remove(file)
