"""Find a kept picture, and the links by which people get it from the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import DatabaseError

from mjproxy.lib.validators.addresses import LONGEST, WrongAddress, parts_of
from tasks.enums import BucketLinks, Place, Thumbnails
from tasks.models import KeptFile, Task
from tasks.pictures.kept import files, places
from tasks.pictures.kept.failures import NotUsable
from tasks.snapshots import storage_settings

PUBLIC_FOR: Final = 300  # seconds that a browser may remember a public link


@dataclass(frozen=True)
class Link:
    """A link to the bucket, and the seconds for which a browser may remember it."""

    url: str
    seconds: int


def local_thumbnail(task: Task, size: int) -> tuple[str, Path] | None:
    """Return type and file of a thumbnail in the data folder, or None."""
    if not size or not task.picture_file:
        return None
    path = places.local_path(files.thumbnail_name(task.picture_file, size))
    return ("image/webp", path) if path.is_file() else None


def in_bucket(task: Task) -> KeptFile | None:
    """Return the file of the task's picture if it lies in the bucket."""
    file = files.find(task.picture_file) if task.picture_file else None
    return file if file and file.place != Place.LOCAL else None


def name_for(file: KeptFile, size: int) -> str:
    """Return the name of a file's thumbnail; of the file itself if there is none."""
    is_made = size and file.thumbnails == Thumbnails.MADE
    return files.thumbnail_name(file.name, size) if is_made else file.name


def link_of(file: KeptFile, size: int) -> Link | None:
    """Return the link to a picture in the bucket; None if it goes through this server.

    Raises NotUsable.
    """
    row = storage_settings()
    if row.links == BucketLinks.SIGNED:
        link = places.signed_link(row, name_for(file, size))
        return Link(link, row.link_minutes * 60 // 2)
    if row.links == BucketLinks.PUBLIC:
        style = row.thumbnail_style if size else row.full_style
        name = file.name if size and style else name_for(file, size)
        return Link(places.public_link(row, name) + style, PUBLIC_FOR)
    return None


def origins() -> str:
    """Return the other origin that our pages may load pictures from, or ""."""
    try:
        row = storage_settings()
        if row.links == BucketLinks.THROUGH or not row.bucket:
            return ""
        link = (
            places.public_link(row, "x")
            if row.links == BucketLinks.PUBLIC
            else places.signed_link(row, "x")
        )
        return parts_of(link, longest=LONGEST).origin
    # A page that says that the database is away is shown all the same.
    except (NotUsable, WrongAddress, DatabaseError):
        return ""
