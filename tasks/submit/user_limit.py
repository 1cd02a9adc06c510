"""Limits for one user: waiting tasks, bytes of brought pictures."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Q, Sum

from accounts.choice.pool_settings import pool
from tasks.enums import TaskStatus
from tasks.exceptions import PicturesUsedUp, ShareUsedUp
from tasks.models import InputPicture, Task
from tasks.pictures.inputs import Brought
from tasks.snapshots import drawing_settings


def check_share(owner_id: int, *, tasks: int = 1) -> None:
    """Raise ShareUsedUp where so many more tasks of a user may not wait.

    Requests at the same moment do not see each other's, so it may be passed by a few.
    """
    most = pool().waiting_per_user
    if not most:
        return
    waiting = Task.objects.filter(owner=owner_id, status=TaskStatus.NOT_START)
    if waiting.count() + tasks > most:
        raise ShareUsedUp(most)


def check_brought(owner_id: int, brought: Sequence[Brought]) -> None:
    """Raise PicturesUsedUp where a user may not bring so much more along.

    As with tasks, requests at the same moment may pass the limit by a little.
    """
    if not brought:
        return
    settings = drawing_settings()
    of_user = Q(task__owner=owner_id) | Q(errand__owner=owner_id)
    held = InputPicture.objects.filter(of_user).aggregate(
        pictures=Count("pk"), size=Sum("size", default=0)
    )
    pictures = held["pictures"] + len(brought)
    size = held["size"] + sum(len(each.body) for each in brought)
    if settings.brought_pictures and pictures > settings.brought_pictures:
        raise PicturesUsedUp(str(settings.brought_pictures))
    if settings.brought_megabytes and size > settings.brought_megabytes * 1_000_000:
        raise PicturesUsedUp(f"{settings.brought_megabytes} MB")
