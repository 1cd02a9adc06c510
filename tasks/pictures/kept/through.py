"""Copies of pictures in the bucket, for those who get them through this server."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Final

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import Places
from mjproxy.lib.safe_http.file_kinds import HEAD, kind_of
from tasks.models import KeptFile, StorageSettings
from tasks.pictures import store
from tasks.pictures.kept import files, places
from tasks.pictures.kept.drafts import drafting
from tasks.pictures.kept.failures import NotUsable
from tasks.pictures.kept.links import name_for
from tasks.pictures.kept.threads import in_bucket_thread
from tasks.snapshots import storage_settings

# Downloads of one process, and of one user. The limits hold when the storage hangs.
IN_ALL: Final = 16
EACH: Final = 8

_places: Final = Places(IN_ALL, EACH)


async def copy_of(
    file: KeptFile, size: int, who: Hashable, *, at_once: bool = False
) -> tuple[str, Path]:
    """Return the name and a copy of a picture in the bucket, or of its thumbnail.

    The copy is removed after an hour. With `at_once` it raises NoPlace instead of
    waiting. Raises Missing, NotUsable.
    """
    name = name_for(file, size)
    cached = await in_thread(store.cached_preview, name)
    if cached:
        return name, cached[1]
    async with _places.place(who, at_once=at_once):
        row = await in_thread(storage_settings)
        return name, await in_bucket_thread(_fetch, row, name)


def _fetch(row: StorageSettings, name: str) -> Path:
    with drafting() as draft:
        with draft.open("wb") as opened:
            digest = places.copy(places.bucket(row), name, opened)
        with draft.open("rb") as opened:
            kind = kind_of(opened.read(HEAD))
        is_whole = "-" in name or digest == files.digest_in(name)
        if not is_whole or (name.endswith(".webp") and kind != "image/webp"):
            raise NotUsable("The storage has other bytes under this name.")
        return store.cache_preview(name, kind, draft)
