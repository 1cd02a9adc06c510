"""Keep the pictures that people bring, if the operator wants that.

Without it they are removed when their task ends. With it a job makes each a kept file
then: it belongs to the task, goes with its picture or with the task, and lies where
kept files lie. Only the owner of the task is shown it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.nudge import nudge
from tasks.enums import TERMINAL
from tasks.models import InputPicture, KeptFile, Task
from tasks.pictures import inputs, store
from tasks.pictures.kept import files, places, writing
from tasks.pictures.kept.files import Written
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)


class _Overtaken(Exception):
    """Another worker has kept the picture, or its task was removed."""


def is_on() -> bool:
    """Tell whether brought pictures are kept."""
    return storage_settings().keep_brought


def end(task: Task) -> None:
    """Keep or remove the pictures that a task which is over had brought."""
    if is_on():
        nudge("tasks.keep_brought", task.pk, hurry=False)
    else:
        inputs.drop(task)


async def keep(task_id: int) -> None:
    """Keep the pictures that an ended task had brought, if that is still to be done."""
    await in_thread(keep_all, [task_id])


def keep_all(task_ids: Iterable[int]) -> int:
    """Keep the pictures of ended tasks; return how many."""
    if not is_on():
        return 0
    ended = InputPicture.objects.filter(
        task__in=list(task_ids), task__status__in=TERMINAL, kept_file=""
    )
    count = sum(map(_keep, ended.exclude(file="")))
    ended.filter(file="").delete()  # links that were never fetched
    return count


def keep_ended() -> int:
    """Keep the pictures of all ended tasks whose nudge was lost."""
    if not is_on():
        return 0
    rows = InputPicture.objects.filter(task__status__in=TERMINAL, kept_file="")
    return keep_all(rows.order_by().values_list("task", flat=True)[: inputs.BATCH])


def _keep(picture: InputPicture) -> bool:
    found = places.local_path(picture.file)
    try:
        file = writing.write(found, picture.content_type, storage_settings())
        _note(picture, file)
        # A removal that had begun before has just ended; or the file is in the bucket.
        if not writing.is_there(file) and files.is_local(file.name):
            writing.write(found, picture.content_type, storage_settings())
    except FileNotFoundError:
        InputPicture.objects.filter(pk=picture.pk, kept_file="").delete()
        return False
    except (_Overtaken, IntegrityError):  # the next look at the pictures finds it
        return False
    store.remove(picture.file)
    logger.info("task %s: a brought picture is kept as %s", picture.task_id, file.name)
    return True


def _note(picture: InputPicture, file: Written) -> None:
    """Write the use of the file and its name together. Raises _Overtaken."""
    with transaction.atomic():
        files.count_use(file)
        rows = InputPicture.objects.filter(pk=picture.pk, kept_file="")
        if not rows.update(kept_file=file.name, file=""):
            raise _Overtaken


def of_user(user_id: int) -> QuerySet[InputPicture]:
    """Return the kept pictures that a user has brought, the newest first."""
    rows = InputPicture.objects.filter(task__owner=user_id).exclude(kept_file="")
    return rows.order_by("-pk")


def of_owner(user_id: int, picture_id: int) -> KeptFile | None:
    """Return the file of a picture that a user has brought, or None."""
    rows = of_user(user_id).filter(pk=picture_id)
    name = rows.values_list("kept_file", flat=True).first()
    return files.find(name) if name else None


def newest_of(user_id: int, most: int) -> list[InputPicture]:
    """Return the newest kept pictures that a user has brought."""
    rows = of_user(user_id).select_related("task").order_by("-task", "position")
    return list(rows[:most])


def link(picture: InputPicture, base: str) -> str:
    """Return the address of a kept picture, which only its owner may open."""
    return f"{base}/me/brought/{picture.pk}"
