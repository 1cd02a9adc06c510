"""Do what is left to do with a kept file: thumbnails, its move, its removal.

Each step is written to the row before the next one begins, so any worker can go on
where another ended. A storage that is away delays the work and ends none of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.core.files.storage import Storage

from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from tasks.enums import Place, StorageKind, Thumbnails
from tasks.models import KeptFile, StorageSettings
from tasks.pictures.kept import files, places, writing
from tasks.pictures.kept.drafts import drafting
from tasks.pictures.kept.drafts import settle as settle_draft
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.pictures.kept.threads import in_bucket_thread, in_decoder
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

OTHER_BYTES: Final = "The copy has other bytes than the picture."
AT_ONCE: Final = 4  # files that a worker handles at the same time
MOST_WAITING: Final = 400  # files of one worker; the sweep brings the others

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
    WeakKeyDictionary()
)
_handled: Final[set[int]] = set()


async def settle(file_id: int) -> None:
    """Do what is left to do with a file, unless somebody does it."""
    if file_id in _handled or len(_handled) >= MOST_WAITING:
        return
    _handled.add(file_id)
    try:
        async with _slots.setdefault(
            asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
        ):
            await faults.watch(Work("kept file", file_id), _settle)
    finally:
        _handled.discard(file_id)


async def _settle(file_id: int) -> None:
    file = await in_thread(files.taken, file_id)
    if file is None:
        return
    row = await in_thread(storage_settings)
    try:
        await _work_on(file, row)
    except NotUsable as exc:
        await in_thread(files.try_later, file, str(exc))
    except Missing:
        await in_thread(files.try_later, file, "The file is not where it should be.")
    except OSError as exc:  # the disk may be full for a while
        await in_thread(files.try_later, file, exc.strerror or type(exc).__name__)


async def _work_on(file: KeptFile, row: StorageSettings) -> None:
    if file.is_removed:
        await _remove(file, row)
        return
    if file.place == Place.LOCAL:  # before the upload, which takes them along
        await _make_thumbnails(file, row)
    if file.place not in (file.wanted, Place.BOTH):
        await _copy(file, row)
    if file.place == Place.BOTH:
        await _remove_old(file, row)
    await _make_thumbnails(file, row)
    if not await in_thread(files.settled, file):
        await in_thread(files.leave, file)


async def _make_thumbnails(file: KeptFile, row: StorageSettings) -> None:
    """Make the thumbnails that are due, at the one place where the file lies."""
    if file.thumbnails != Thumbnails.DUE:
        return
    if not row.thumbnails:  # switched off meanwhile
        made = Thumbnails.NONE
    elif file.place == Place.BUCKET:
        made = await _in_bucket(_add_thumbnails, row, file)
    else:
        made = await in_decoder(writing.add_thumbnails, file.name)
    await in_thread(files.changed, file, thumbnails=made)


async def _remove(file: KeptFile, row: StorageSettings) -> None:
    # A move that was cut off may have left something at the other place.
    if file.place != Place.LOCAL or file.wanted != StorageKind.LOCAL:
        await _in_bucket(_remove_names, row, _all_names(file))
    await in_thread(files.remove_local, file)
    await in_thread(files.gone, file)


async def _copy(file: KeptFile, row: StorageSettings) -> None:
    """Copy a file to its new place, and compare what is there with its name."""
    if file.wanted == StorageKind.BUCKET:
        await _in_bucket(_upload, row, file)
        changes: dict[str, str] = {"place": Place.BOTH}
    else:
        await _in_bucket(_fetch, row, file)
        # Made anew from the picture: no digest says that the bucket's are right.
        again = files.wanted_thumbnails(file.name, row)
        changes = {"place": Place.BOTH, "thumbnails": again}
    if not await in_thread(files.changed, file, **changes):
        raise NotUsable("It is to be removed.")


async def _remove_old(file: KeptFile, row: StorageSettings) -> None:
    """Remove the copy that is not wanted; the other one is verified."""
    if file.wanted == StorageKind.BUCKET:
        await in_thread(files.remove_local, file)
    else:
        await _in_bucket(_remove_names, row, _all_names(file))
    await in_thread(files.changed, file, place=Place(file.wanted))


async def _in_bucket(
    function: Callable[Concatenate[Storage, P], T],
    row: StorageSettings,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    def call() -> T:
        return function(places.bucket(row), *args, **kwargs)

    return await in_bucket_thread(call)


def _upload(bucket: Storage, file: KeptFile) -> None:
    for name in files.names_of(file):
        path = places.local_path(name)
        if not path.is_file():
            raise Missing(name)
        places.put(bucket, name, path)
    if places.digest(bucket, file.name) != files.digest_in(file.name):
        raise NotUsable(OTHER_BYTES)


def _fetch(bucket: Storage, file: KeptFile) -> None:
    """Copy a file into the data folder. Nobody sees it there before it is verified."""
    with drafting() as draft:
        _copy_to(draft, bucket, file)
        settle_draft(draft, places.local_path(file.name))


def _add_thumbnails(bucket: Storage, file: KeptFile) -> Thumbnails:
    """Make the thumbnails of a file in the bucket, and store them there."""
    with ExitStack() as drafts:
        draft = drafts.enter_context(drafting())
        _copy_to(draft, bucket, file)
        state, new = writing.draft_thumbnails(file.name, draft, drafts)
        for name, small in new.items():
            places.put(bucket, name, small)
    return state


def _copy_to(draft: Path, bucket: Storage, file: KeptFile) -> None:
    with draft.open("wb") as opened:
        found = places.copy(bucket, file.name, opened)
    if found != files.digest_in(file.name):
        raise NotUsable(OTHER_BYTES)


def _remove_names(bucket: Storage, names: list[str]) -> None:
    for name in names:
        places.remove(bucket, name)


def _all_names(file: KeptFile) -> list[str]:
    return [file.name, *files.thumbnail_names(file.name)]
