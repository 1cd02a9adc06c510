"""Rows of kept files: which tasks show a file, what is to be done, who does it.

A file belongs to all tasks that drew the same bytes, and `uses` counts them. It changes
in the transaction that changes `Task.picture_file`. A file that nobody uses is marked
as removed first: from then on no task can take it, and its holder removes it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.db.claim import claim, due
from mjproxy.lib.db.compiled_query import CompiledUpdate
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.process import backoff
from mjproxy.lib.process.nudge import nudge
from tasks.enums import Place, StorageKind, Thumbnails
from tasks.models import InputPicture, KeptFile, StorageSettings, Task
from tasks.pictures.kept import places
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)

SIZES: Final = (320, 640)  # pixels of the longer side of a thumbnail
CLAIM: Final = timedelta(minutes=20)  # longer than the work on one file
MOST_TRIES: Final = 1000  # of the counter; work on a file is never given up
_TRIES: Final = 3
_SETTINGS: Final = (StorageSettings, StorageSettings.singleton_instance_id)
# As after the first time that its bytes are kept.
_ANEW: Final[dict[str, Any]] = {
    "place": Place.LOCAL,
    "is_settled": False,
    "next_at": None,
    "tries": 0,
    "error": "",
}


@dataclass(frozen=True)
class Written:
    """A picture in the data folder, and the state of its thumbnails there.

    `is_new`: its bytes were not there before.
    """

    name: str
    size: int
    is_new: bool
    thumbnails: Thumbnails


class BeingRemoved(OSError):
    """The same bytes are just being removed: later they can be kept anew."""


def name_of(digest: str, ending: str) -> str:
    """Return the name of a file from the SHA-256 of its bytes."""
    return f"{digest[:2]}/{digest}.{ending}"


def thumbnail_name(name: str, size: int) -> str:
    return str(PurePosixPath(name).with_suffix("")) + f"-{size}.webp"


def thumbnail_names(name: str) -> list[str]:
    return [thumbnail_name(name, size) for size in SIZES]


def names_of(file: KeptFile) -> list[str]:
    """Return the names of a file and of its thumbnails, as far as they are made."""
    small = thumbnail_names(file.name) if file.thumbnails == Thumbnails.MADE else []
    return [file.name, *small]


def digest_in(name: str) -> str:
    return PurePosixPath(name).stem


def find(name: str) -> KeptFile | None:
    return KeptFile.objects.filter(name=name, is_removed=False).first()


def is_local(name: str) -> bool:
    """Tell whether a file lies in the data folder alone."""
    return KeptFile.objects.filter(name=name, place=Place.LOCAL).exists()


# --- the tasks that show a file -------------------------------------------------------


_field: Final[Any] = Task._meta.get_field
_noted: Final = CompiledUpdate(
    lambda pk, old, file: (
        Task.objects.filter(pk=pk, picture_file=old),
        {"picture_file": file},
    ),
    [_field("id"), _field("picture_file"), _field("picture_file")],
)


def use(task: Task, file: Written) -> bool:
    """Note that a task shows a file that is in the data folder.

    Returns False if the task was deleted or shows another file by now. Raises
    BeingRemoved.
    """
    is_new = file.is_new
    for _ in range(_TRIES):
        try:
            changed = _use(task, file, is_new=is_new)
        except IntegrityError:  # the row is there, or another process has just made it
            is_new = False
            continue
        remove_unused([task.picture_file if changed else file.name])
        return changed
    raise BeingRemoved(file.name)


@again_after_deadlock
def _use(task: Task, file: Written, *, is_new: bool) -> bool:
    old, name = task.picture_file, file.name
    with transaction.atomic():
        if old == name:
            _count_again(file)
        elif is_new:
            _make(file)
        else:
            count_use(file)
        changed = bool(_noted(task.pk, old, name))
        if loser := "" if old == name else (old if changed else name):
            KeptFile.objects.filter(name=loser).update(uses=F("uses") - 1)
    return changed


def count_use(file: Written) -> None:
    """Count one more use of a file, in the transaction that writes the use."""
    rows = KeptFile.objects.filter(name=file.name, is_removed=False)
    if not rows.update(uses=F("uses") + 1):
        _make(file)


def _count_again(file: Written) -> None:
    """The file was lost and is found again: it begins anew in the data folder."""
    rows = KeptFile.objects.filter(name=file.name, is_removed=False)
    if not rows.update(**_ANEW, thumbnails=file.thumbnails):
        _make(file)


def _make(file: Written) -> None:
    kind = storage_settings().kind
    is_settled = kind == StorageKind.LOCAL and file.thumbnails != Thumbnails.DUE
    made = KeptFile.objects.create(
        name=file.name,
        size=file.size,
        uses=1,
        wanted=kind,
        thumbnails=file.thumbnails,
        is_settled=is_settled,
    )
    if not is_settled:
        transaction.on_commit(lambda: nudge("tasks.settle_file", made.pk, hurry=False))


def wanted_thumbnails(name: str, row: StorageSettings) -> Thumbnails:
    is_picture = not name.endswith((".mp4", ".bin"))
    if not is_picture:
        return Thumbnails.IMPOSSIBLE
    return Thumbnails.DUE if row.thumbnails else Thumbnails.NONE


def release(task_ids: Collection[int]) -> None:
    """Take their files from tasks that are being deleted; remove what is unused."""
    remove_unused(_release(task_ids))


@again_after_deadlock
def _release(task_ids: Collection[int]) -> list[str]:
    tasks = Task.objects.filter(pk__in=task_ids).exclude(picture_file="").order_by("pk")
    with transaction.atomic():
        shown = tasks.select_for_update().values_list("pk", "picture_file")
        found = dict(shown)
        brought = dict(_brought_of(task_ids))
        released = Counter([*found.values(), *brought.values()])
        for name, count in sorted(released.items()):
            rows = KeptFile.objects.filter(name=name, uses__gte=count)
            rows.update(uses=F("uses") - count)
        Task.objects.filter(pk__in=list(found)).update(picture_file="")
        InputPicture.objects.filter(pk__in=list(brought)).update(kept_file="")
    return sorted(released)


def _brought_of(task_ids: Collection[int]) -> QuerySet[InputPicture, tuple[int, str]]:
    """Return the kept pictures that tasks had brought, locked."""
    rows = InputPicture.objects.filter(task__in=task_ids).exclude(kept_file="")
    locked = rows.order_by("pk").select_for_update()
    return locked.values_list("pk", "kept_file")


# --- removal --------------------------------------------------------------------------


def remove_unused(names: Iterable[str]) -> None:
    """Remove the files of these names that no task shows; a bucket's files soon."""
    for name in filter(None, names):
        unused = KeptFile.objects.filter(name=name, uses=0, is_removed=False)
        if unused.update(is_removed=True, is_settled=False):
            _remove_at_once(name)


def _remove_at_once(name: str) -> None:
    """Remove a file that lies in the data folder alone; leave others to a worker."""
    pk = KeptFile.objects.values_list("pk", flat=True).get(name=name)
    file = taken(pk)
    if file and file.place == Place.LOCAL and file.wanted == StorageKind.LOCAL:
        remove_local(file)
        gone(file)
    else:
        if file:
            leave(file)
        nudge("tasks.settle_file", pk, hurry=False)


def remove_local(file: KeptFile) -> None:
    """Remove what the data folder has of a file."""
    folder = places.folder()
    for name in (file.name, *thumbnail_names(file.name)):
        folder.delete(name)


def gone(file: KeptFile) -> None:
    """Remove the row of a removed file."""
    KeptFile.objects.filter(pk=file.pk, is_removed=True, uses=0).delete()


# --- work on files --------------------------------------------------------------------


def due_files(limit: int = 200) -> list[int]:
    """Return files with something to do, those that wait longest first."""
    rows = KeptFile.objects.filter(due("next_at"), is_settled=False).order_by("next_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def taken(pk: int) -> KeptFile | None:
    """Claim a file for the work on it; None if there is none or another has it."""
    rows = KeptFile.objects.filter(pk=pk, is_settled=False)
    return rows.get() if claim(rows, "next_at", CLAIM) else None


def changed(file: KeptFile, **changes: Any) -> bool:
    """Write a step of the work on a claimed file; False if it is to be removed."""
    rows = KeptFile.objects.filter(pk=file.pk, is_removed=file.is_removed)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(file, name, value)
    return True


def settled(file: KeptFile) -> bool:
    """Note that nothing is left to do; False if something has come up."""
    ours = KeptFile.objects.filter(pk=file.pk, is_removed=False, wanted=file.place)
    rows = ours.exclude(thumbnails=Thumbnails.DUE)
    values: dict[str, Any] = {"is_settled": True, "next_at": None}
    return bool(rows.update(**values, tries=0, error=""))


def leave(file: KeptFile) -> None:
    """End the claim; the next look at the files finds it."""
    KeptFile.objects.filter(pk=file.pk).update(next_at=None)


def try_later(file: KeptFile, reason: str) -> None:
    """Note why the work on a file failed, and when it is tried again."""
    tries = min(file.tries + 1, MOST_TRIES)
    pause = timedelta(seconds=backoff.delay(tries, first=30.0, longest=600.0))
    logger.warning("kept file %s: %s, again later", file.name, reason)
    rows = KeptFile.objects.filter(pk=file.pk)
    rows.update(tries=tries, next_at=timezone.now() + pause, error=reason[:400])


# --- the move of all files ------------------------------------------------------------


@in_record
def move_all(kind: str) -> int:
    """Let all files move to a kind of storage; return how many have to."""
    rows = KeptFile.objects.filter(is_removed=False).exclude(wanted=kind)
    count = rows.update(wanted=kind, is_settled=False, next_at=None, tries=0)
    note("move pictures", _SETTINGS, to=kind, files=count)
    return count


@in_record
def stop_moving() -> int:
    """Let all files that wait for their move stay; return how many.

    A file at both places has been moved, and only its old copy is removed.
    """
    waiting = KeptFile.objects.filter(is_removed=False)
    stays = waiting.filter(place=Place.LOCAL, wanted=StorageKind.BUCKET)
    stopped = stays.update(wanted=StorageKind.LOCAL)
    stays = waiting.filter(place=Place.BUCKET, wanted=StorageKind.LOCAL)
    stopped += stays.update(wanted=StorageKind.BUCKET)
    note("stop moving pictures", _SETTINGS, files=stopped)
    return stopped


@in_record
def make_missing_thumbnails() -> int:
    """Let thumbnails be made of all files that have none; return of how many."""
    rows = KeptFile.objects.filter(is_removed=False, thumbnails=Thumbnails.NONE)
    # Without a change of `next_at`: some of them may be worked on now.
    count = rows.update(thumbnails=Thumbnails.DUE, is_settled=False)
    note("make thumbnails", _SETTINGS, files=count)
    return count


def try_now() -> int:
    """Let work that failed be tried again at once; return on how many files."""
    rows = KeptFile.objects.filter(is_settled=False).exclude(error="")
    return rows.update(next_at=None, tries=0)


def is_bucket_used() -> bool:
    """Tell whether a file lies in the bucket or is on its way there."""
    at_home = Q(place=Place.LOCAL, wanted=StorageKind.LOCAL)
    return KeptFile.objects.exclude(at_home).exists()


def counts() -> dict[str, Any]:
    """Return how many files and bytes lie where, how many move, and the last error."""
    rows = KeptFile.objects.filter(is_removed=False)
    lying = rows.order_by("place").values("place")
    moving = Q(is_removed=False) & (
        Q(place=Place.LOCAL, wanted=StorageKind.BUCKET)
        | Q(place=Place.BUCKET, wanted=StorageKind.LOCAL)
        | Q(place=Place.BOTH)
    )
    failed = KeptFile.objects.exclude(error="").order_by("-pk")
    return {
        "places": [
            {**row, "label": Place(row["place"]).label}
            for row in lying.annotate(files=Count("pk"), bytes=Sum("size"))
        ],
        "files": rows.count(),
        "moving": KeptFile.objects.filter(moving).count(),
        "small_due": rows.filter(thumbnails=Thumbnails.DUE).count(),
        "small_missing": rows.filter(thumbnails=Thumbnails.NONE).count(),
        "removing": KeptFile.objects.filter(is_removed=True).count(),
        "failing": failed.count(),
        "error": failed.values_list("error", flat=True).first() or "",
    }
