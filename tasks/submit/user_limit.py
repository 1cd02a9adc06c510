"""Limit the pictures that one user's open tasks have brought along."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Q, Sum

from tasks.exceptions import PicturesUsedUp
from tasks.models import InputPicture
from tasks.pictures.inputs import Brought
from tasks.snapshots import drawing_settings


def check_brought(owner_id: int, brought: Sequence[Brought]) -> None:
    """Raise PicturesUsedUp where a user may not bring so much more along.

    Requests at the same moment do not see each other's, so they may pass it a little.
    """
    if not brought:
        return
    settings = drawing_settings()
    of_user = Q(task__owner=owner_id) | Q(errand__owner=owner_id)
    held = InputPicture.objects.filter(of_user, kept_file="").aggregate(
        pictures=Count("pk"), size=Sum("size", default=0)
    )
    pictures = held["pictures"] + len(brought)
    size = held["size"] + sum(len(each.body) for each in brought)
    if settings.brought_pictures and pictures > settings.brought_pictures:
        raise PicturesUsedUp(str(settings.brought_pictures))
    if settings.brought_megabytes and size > settings.brought_megabytes * 1_000_000:
        raise PicturesUsedUp(f"{settings.brought_megabytes} MB")
