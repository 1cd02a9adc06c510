"""Write pictures and their thumbnails into the data folder. Uses no database."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tasks.enums import Thumbnails
from tasks.models import StorageSettings
from tasks.pictures.kept import files, places
from tasks.pictures.kept.drafts import drafting, settle_all
from tasks.pictures.kept.failures import Missing
from tasks.pictures.kept.files import Written
from tasks.pictures.kept.thumbnails import NoThumbnail, TooLarge, thumbnails
from tasks.pictures.types import EXTENSIONS

logger = logging.getLogger(__name__)

# Midjourney's largest pictures have 17 million. A larger one is kept before anything
# else is done with it: the memory that it takes to decode might end the worker.
PIXELS_AT_ONCE: Final = 24_000_000


def write(
    found: Path, content_type: str, row: StorageSettings, *, at_once: bool = False
) -> Written:
    """Write the picture in the file `found`, unless the same bytes are there already.

    With `at_once` it also makes the thumbnails that the settings ask for, except those
    of a very large picture. `found` stays, because other tasks may store it too.
    """
    with found.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    name = files.name_of(digest, EXTENSIONS.get(content_type, "bin"))
    path, state = places.local_path(name), files.wanted_thumbnails(name, row)
    with ExitStack() as drafts:
        new = {}
        if is_new := not path.is_file():
            new[name] = drafts.enter_context(drafting())
            _duplicate(found, new[name])
        if at_once and state == Thumbnails.DUE:
            state, small = _thumbnails(name, found, drafts, PIXELS_AT_ONCE)
            new |= small
        _settle(new)
    return Written(name, found.stat().st_size, is_new, state)


def is_there(file: Written) -> bool:
    """Tell whether the data folder has a picture, and its thumbnails if it had them."""
    small = files.thumbnail_names(file.name)
    names = [file.name, *(small if file.thumbnails == Thumbnails.MADE else ())]
    return _are_there(names)


def add_thumbnails(name: str) -> Thumbnails:
    """Make the thumbnails of a picture in the data folder; return their state.

    Raises Missing if the picture is not there.
    """
    with ExitStack() as drafts:
        try:
            state, new = _thumbnails(name, places.local_path(name), drafts)
        except FileNotFoundError:
            raise Missing(name) from None
        _settle(new)
    return state


def _thumbnails(
    name: str, found: Path, drafts: ExitStack, most_pixels: int | None = None
) -> tuple[Thumbnails, dict[str, Path]]:
    if _are_there(files.thumbnail_names(name)):
        return Thumbnails.MADE, {}
    return draft_thumbnails(name, found, drafts, most_pixels)


def draft_thumbnails(
    name: str, found: Path, drafts: ExitStack, most_pixels: int | None = None
) -> tuple[Thumbnails, dict[str, Path]]:
    """Make the thumbnails of a picture; return their state and a draft for each name.

    `drafts` removes the drafts at its end. Raises FileNotFoundError.
    """
    try:
        bodies = thumbnails(found, files.SIZES, most_pixels)
    except TooLarge:
        return Thumbnails.DUE, {}
    except NoThumbnail:
        logger.info("kept file %s: no thumbnails can be made", name)
        return Thumbnails.IMPOSSIBLE, {}
    new = {}
    for size, body in bodies.items():
        draft = new[files.thumbnail_name(name, size)] = drafts.enter_context(drafting())
        draft.write_bytes(body)
    return Thumbnails.MADE, new


def _are_there(names: Iterable[str]) -> bool:
    return all(places.local_path(name).is_file() for name in names)


def _settle(new: Mapping[str, Path]) -> None:
    settle_all({places.local_path(name): draft for name, draft in new.items()})


def _duplicate(file: Path, to: Path) -> None:
    """Link the file to a second name, or copy it if the disk has no links."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)
