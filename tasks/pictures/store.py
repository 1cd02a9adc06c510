"""Files of finished pictures, of input pictures and of previews."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from mjproxy.lib.db.claim import due
from mjproxy.lib.db.compiled_query import CompiledQuery, CompiledUpdate
from mjproxy.lib.ids import first_task_id_of
from mjproxy.lib.process import backoff
from mjproxy.lib.validators.addresses import LONGEST, WrongAddress, parts_of
from tasks import ports
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.pictures.types import EXTENSIONS
from tasks.snapshots import drawing_settings

logger = logging.getLogger(__name__)

CDN_HOSTS: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
# Seconds after each try, each longer than a download. Discord's links live for a day.
TRY_AGAIN: Final = (60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 21600)
WORTH_TRYING: Final = timedelta(days=2)
SCRAP_LIFE: Final = 3600  # seconds; longer than any request or download


class UnknownSource(Exception):
    """A picture's link does not lead to Discord's CDN."""


def cdn_url(source: str) -> str:
    """Return `source` at the configured CDN. Raises UnknownSource for foreign links."""
    base = parts_of(ports.cdn_base()().rstrip("/"))
    try:
        parts = parts_of(source, longest=LONGEST)
    except WrongAddress:
        raise UnknownSource(source[:80]) from None
    if (parts.host, parts.port) == (base.host, base.port):
        return base.origin + parts.target
    if parts.host in CDN_HOSTS:
        return base.origin + base.target.rstrip("/") + parts.target
    raise UnknownSource(parts.host[:80])


# --- finished pictures --------------------------------------------------------------


def wants_keeping(task: Task) -> bool:
    return bool(
        task.status == TaskStatus.SUCCESS
        and task.picture_source
        and not task.picture_file
        and drawing_settings().keep_pictures
    )


def to_keep(limit: int = 200) -> list[int]:
    """Return finished tasks whose picture is not stored and due for a try."""
    if not drawing_settings().keep_pictures:
        return []
    oldest = first_task_id_of(timezone.now() - WORTH_TRYING)
    rows = _unkept().filter(pk__gte=oldest).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def claim_picture(task_id: int) -> str | None:
    """Claim a try to store the task's picture; return its link at Discord's CDN.

    Returns None if the picture is stored, not due, or not at the CDN.
    """
    task = _drawn(task_id)
    if task is None or not wants_keeping(task):
        return None
    tries, now = task.picture_tries, timezone.now()
    again = now + backoff.about(TRY_AGAIN[min(tries, len(TRY_AGAIN) - 1)])
    if not _claimed(task_id, now, tries, tries + 1, again):
        return None
    try:
        cdn_url(task.picture_source)
    except UnknownSource as exc:
        logger.error("task %s: picture not kept, it is at %s", task_id, exc)
        return None
    return task.picture_source


def give_up(task_id: int, reason: str) -> None:
    """Stop trying to store a task's picture; Discord's link stays."""
    logger.error("task %s: its picture is not kept: %s", task_id, reason)
    rows = Task.objects.filter(pk=task_id, picture_file="")
    rows.update(picture_tries=len(TRY_AGAIN))


def _unkept(now: Any = None) -> QuerySet[Task]:
    return Task.objects.filter(
        due("picture_next_at", now),
        status=TaskStatus.SUCCESS,
        picture_file="",
        picture_tries__lt=len(TRY_AGAIN),
    ).exclude(picture_source="")


_by_id: Final = CompiledQuery[Task](
    lambda pk: Task.objects.filter(pk=pk).only(
        *("status", "submitted_at", "finished_at", "picture_key", "picture_source"),
        *("picture_file", "picture_tries"),
    )
)


def _drawn(task_id: int) -> Task | None:
    """Return the columns of a task that keeping its picture needs."""
    return next(iter(_by_id(task_id)), None)


def _next_try(
    pk: Any, now: Any, tries: Any, more: Any, again: Any
) -> tuple[QuerySet[Task], dict[str, Any]]:
    rows = _unkept(now).filter(pk=pk, picture_tries=tries)
    return rows, {"picture_tries": more, "picture_next_at": again}


_field: Final[Any] = Task._meta.get_field
_TRIES: Final = _field("picture_tries")
_NEXT: Final = _field("picture_next_at")
_claimed: Final = CompiledUpdate(
    _next_try, [_field("id"), _NEXT, _TRIES, _TRIES, _NEXT]
)
_noted: Final = CompiledUpdate(
    lambda pk, file: (Task.objects.filter(pk=pk), {"picture_file": file}),
    [_field("id"), _field("picture_file")],
)


def store(task_id: int, content_type: str, body: bytes) -> None:
    """Store a picture's bytes, as `store_file` does."""
    with drafting() as draft:
        draft.write_bytes(body)
        store_file(task_id, content_type, draft)


def store_file(task_id: int, content_type: str, found: Path) -> Path | None:
    """Store the picture in the file `found`; return its new path.

    `found` stays, because other tasks may store it too. The row is updated once the
    file is on the disk. Returns None if the task was deleted.
    """
    task = _drawn(task_id)
    if task is None:
        return None
    if path := kept_path(task):
        return path
    name = f"{task.pk}-{task.picture_key}.{EXTENSIONS.get(content_type, 'bin')}"
    day = task.finished_at or task.submitted_at
    file = f"{day:%Y}/{day:%m}/{name}"
    with drafting() as draft:
        _duplicate(found, draft)
        size = draft.stat().st_size
        _settle(draft, _root() / file)
    if not _noted(task_id, file):
        remove(file)  # deleted meanwhile
        return None
    logger.info("task %s: picture kept, %d bytes", task_id, size)
    return _root() / file


def kept_path(task: Task) -> Path | None:
    """Return the file that holds the task's picture, or None."""
    if not task.picture_file:
        return None
    path = _root() / task.picture_file
    return path if path.is_file() else None


def remove(file: str) -> None:
    if file:
        (_root() / file).unlink(missing_ok=True)


# --- input pictures -------------------------------------------------------------------


def write_input(body: bytes, content_type: str) -> str:
    """Store an input picture; return the name of its file."""
    with drafting() as draft:
        draft.write_bytes(body)
        return adopt_input(draft, content_type)


def adopt_input(found: Path, content_type: str) -> str:
    """Store a fetched input picture; return the name of its file."""
    ending = EXTENSIONS.get(content_type, "bin")
    file = f".inputs/{timezone.now():%Y-%m-%d}/{secrets.token_hex(16)}.{ending}"
    _settle(found, _root() / file)
    return file


def read_input(file: str) -> bytes:
    """Return the bytes of an input picture. Raises FileNotFoundError."""
    return (_root() / file).read_bytes()


def old_inputs() -> Iterator[list[str]]:
    """Yield the names of input pictures over an hour old, by folder.

    A folder that has become empty is removed.
    """
    oldest = time.time() - SCRAP_LIFE
    for folder in (_root() / ".inputs").glob("*-*-*"):
        found = [path for path in folder.iterdir() if _is_older(path, oldest)]
        yield [f".inputs/{folder.name}/{path.name}" for path in found]
        if folder.name < f"{timezone.now():%Y-%m-%d}":
            with contextlib.suppress(OSError):
                folder.rmdir()


# --- previews -----------------------------------------------------------------------


def preview_name(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def cached_preview(source: str) -> tuple[str, Path] | None:
    """Return the type and file of a preview that is still cached, or None."""
    for content_type, extension in EXTENSIONS.items():
        path = _previews() / f"{preview_name(source)}.{extension}"
        if path.is_file():
            return content_type, path
    return None


def cache_preview(source: str, content_type: str, found: Path) -> Path:
    """Move a fetched preview into the cache; return its path."""
    ending = EXTENSIONS.get(content_type, "bin")
    path = _previews() / f"{preview_name(source)}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return found.replace(path)


def remove_old_scraps() -> int:
    """Remove previews and drafts over an hour old; return how many."""
    removed = 0
    oldest = time.time() - SCRAP_LIFE
    for folder in (_previews(), _drafts()):
        for path in folder.glob("*"):
            if _is_older(path, oldest):
                path.unlink(missing_ok=True)
                removed += 1
    return removed


# --- files --------------------------------------------------------------------------


def _root() -> Path:
    return Path(settings.MEDIA_ROOT)


def _previews() -> Path:
    return _root() / ".previews"


def _drafts() -> Path:
    return _root() / ".drafts"


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def drafting() -> Iterator[Path]:
    """Yield the path of a new draft file; it is removed unless it was moved."""
    _drafts().mkdir(parents=True, exist_ok=True)
    draft = _drafts() / secrets.token_hex(16)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _duplicate(file: Path, to: Path) -> None:
    """Link the file to a second name, or copy it if the disk has no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def _settle(draft: Path, path: Path) -> None:
    """Move a file into place atomically, safe against power loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
