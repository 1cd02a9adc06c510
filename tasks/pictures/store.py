"""Files of finished pictures, of input pictures and of previews."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from mjproxy.lib.db.claim import due, is_due
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.ids import first_task_id_of
from mjproxy.lib.process import backoff
from mjproxy.lib.validators.addresses import LONGEST, WrongAddress, parts_of
from tasks import ports
from tasks.enums import TaskStatus, Thumbnails
from tasks.models import KeptPreview, Task
from tasks.pictures.kept import files, writing
from tasks.pictures.kept.drafts import drafting as drafting
from tasks.pictures.kept.drafts import drafts, settle
from tasks.pictures.kept.files import Written
from tasks.pictures.types import EXTENSIONS
from tasks.snapshots import drawing_settings, storage_settings

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
    rows = Task.objects.filter(
        due("picture_next_at"),
        pk__gte=oldest,
        status=TaskStatus.SUCCESS,
        picture_file="",
        picture_tries__lt=len(TRY_AGAIN),
    )
    rows = rows.exclude(picture_source="").order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def due_picture(task_id: int) -> Task | None:
    """Return the task if its picture is to be stored now, as far as that needs it.

    Nobody claims it: what two workers store is the same file.
    """
    task = next(iter(_by_id(task_id)), None)
    if task is None or not wants_keeping(task) or not is_due(task.picture_next_at):
        return None
    return task if task.picture_tries < len(TRY_AGAIN) else None


def try_later(task: Task) -> None:
    """Note a failed try to store a task's picture, and when to try again."""
    tries = task.picture_tries
    again = timezone.now() + backoff.about(TRY_AGAIN[tries])
    rows = Task.objects.filter(pk=task.pk, picture_file="", picture_tries=tries)
    rows.update(picture_tries=tries + 1, picture_next_at=again)


def give_up(task_id: int, reason: str) -> None:
    """Stop trying to store a task's picture; Discord's link stays."""
    logger.error("task %s: its picture is not kept: %s", task_id, reason)
    rows = Task.objects.filter(pk=task_id, picture_file="")
    rows.update(picture_tries=len(TRY_AGAIN))


_by_id: Final = CompiledQuery[Task](
    lambda pk: Task.objects.filter(pk=pk).only(
        *("status", "submitted_at", "finished_at", "picture_key", "picture_source"),
        *("picture_file", "picture_tries", "picture_next_at"),
    )
)


def store(task: Task, content_type: str, body: bytes) -> None:
    """Store a picture's bytes, as `store_file` does."""
    with drafting() as draft:
        draft.write_bytes(body)
        store_file(task, content_type, draft)


def store_file(task: Task, content_type: str, found: Path) -> Path | None:
    """Store the picture in the file `found`; return its new path.

    A job makes its thumbnails. Returns None if the task was deleted. Raises
    BeingRemoved.
    """
    if path := kept_path(task):
        return path
    row = storage_settings()
    return note(task, writing.write(found, content_type, row), content_type, found)


def note(task: Task, file: Written, content_type: str, found: Path) -> Path | None:
    """Note that a task shows the file that was written from `found`; return its path.

    Returns None if the task was deleted. Raises BeingRemoved.
    """
    if not files.use(task, file):
        # Deleted meanwhile, or stored by another worker.
        task.picture_file = _file_of(task)
        return kept_path(task)
    task.picture_file = file.name
    # A removal that had begun before has just ended; or the file is in the bucket.
    if not writing.is_there(file) and files.is_local(file.name):
        again = file.thumbnails == Thumbnails.MADE
        writing.write(found, content_type, storage_settings(), at_once=again)
    logger.info("task %s: picture kept as %s", task.pk, file.name)
    return _root() / file.name


def _file_of(task: Task) -> str:
    found = Task.objects.filter(pk=task.pk).values_list("picture_file", flat=True)
    return found.first() or ""


def kept_path(task: Task) -> Path | None:
    """Return the file in the data folder that holds the task's picture, or None."""
    if not task.picture_file:
        return None
    path = _root() / task.picture_file
    return path if path.is_file() else None


def remove(file: str) -> None:
    """Remove an input picture."""
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
    settle(found, _root() / file)
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


def preview_path(name: str) -> Path | None:
    """Return the file of this name in the cache, or None."""
    path = _previews() / name
    return path if path.is_file() else None


def remove_preview(name: str) -> None:
    """Remove a file of the cache."""
    (_previews() / name).unlink(missing_ok=True)


def old_previews(age: float) -> list[Path]:
    """Return the previews that were fetched more than `age` seconds ago.

    Those that are kept for a running task are not among them.
    """
    kept = set(KeptPreview.objects.values_list("file", flat=True))
    return [path for path in _older_in(_previews(), age) if path.name not in kept]


def remove_old_previews(age: float) -> int:
    """Remove the previews over `age` seconds old; return how many."""
    return _unlink(old_previews(age))


def remove_old_drafts() -> int:
    """Remove drafts over an hour old; return how many."""
    return _unlink(_older_in(drafts(), SCRAP_LIFE))


def _older_in(folder: Path, age: float) -> list[Path]:
    oldest = time.time() - age
    return [path for path in folder.glob("*") if _is_older(path, oldest)]


def _unlink(found: list[Path]) -> int:
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


# --- files --------------------------------------------------------------------------


def _root() -> Path:
    return Path(settings.MEDIA_ROOT)


def _previews() -> Path:
    return _root() / ".previews"


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False
