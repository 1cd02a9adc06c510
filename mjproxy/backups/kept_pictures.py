"""Compare the kept pictures that a database names with what is really there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from mjproxy.backups.archive import PICTURES, Manifest
from mjproxy.backups.rows import ALIAS
from mjproxy.lib.db.encrypted_field import Sealed, decrypted
from tasks.enums import Place, Thumbnails
from tasks.models import StorageSettings
from tasks.pictures.kept import inventory
from tasks.pictures.kept.failures import NotUsable

_BATCH: Final = 500
_SHOWN: Final = 5  # names in a message
LATER: Final = "`manage.py check_pictures` lists them."


@dataclass
class Named:
    """Kept pictures that a restored database names, by their place."""

    in_folder: list[str] = field(default_factory=list)
    in_bucket: list[str] = field(default_factory=list)
    row: StorageSettings = field(default_factory=StorageSettings)


def bring_home(models: Any, manifest: Manifest) -> None:
    """Let the rows of pictures that are in a backup name the data folder as place.

    That is where they are unpacked. If they are wanted in the bucket, workers take them
    there. Their thumbnails are made anew.
    """
    kept = models.get_model("tasks", "KeptFile")._base_manager.using(ALIAS)
    names = [name.removeprefix(PICTURES) for name in manifest.pictures]
    for start in range(0, len(names), _BATCH):
        batch = kept.filter(name__in=names[start : start + _BATCH])
        moved = batch.exclude(place=Place.LOCAL)
        made = moved.filter(thumbnails=Thumbnails.MADE)
        made.update(thumbnails=Thumbnails.DUE)
        again = {"is_settled": False, "next_at": None, "tries": 0, "error": ""}
        moved.update(place=Place.LOCAL, **again)


def named(models: Any, manifest: Manifest, keys: Collection[str]) -> Named:
    """Return the pictures that a restored database names and its backup has not.

    `keys` are the encryption keys of the backup, as far as they are known.
    """
    found = Named(row=_storage(models, keys))
    kept = models.get_model("tasks", "KeptFile")._base_manager.using(ALIAS)
    rows = kept.filter(is_removed=False).order_by("pk")
    unpacked = {name.removeprefix(PICTURES) for name in manifest.pictures}
    for name, place in rows.values_list("name", "place").iterator():
        if name not in unpacked:
            is_home = place == Place.LOCAL
            (found.in_folder if is_home else found.in_bucket).append(name)
    return found


def _storage(models: Any, keys: Collection[str]) -> StorageSettings:
    """Return the restored settings of the storage, as a row of this version."""
    rows = models.get_model("tasks", "StorageSettings")._base_manager.using(ALIAS)
    if (stored := rows.first()) is None:
        return StorageSettings()
    names = {each.attname for each in StorageSettings._meta.concrete_fields}
    values = {k: v for k, v in vars(stored).items() if k in names}
    if isinstance(sealed := values.get("secret_key"), Sealed):
        values["secret_key"] = decrypted(sealed, keys)
    return StorageSettings(**values)


def notes(found: Named) -> Iterator[str]:
    """Yield what an operator must know about pictures that are not in a backup."""
    folder = Path(settings.MEDIA_ROOT)
    if gone := [name for name in found.in_folder if not (folder / name).is_file()]:
        yield (
            f"{len(gone)} picture(s) are neither in the backup nor in the data folder: "
            f"{_some(gone)}. {LATER}"
        )
    yield from in_bucket(found.in_bucket, found.row)


def in_bucket(names: Collection[str], row: StorageSettings) -> Iterator[str]:
    """Yield what is to be said about pictures that shall lie in the bucket."""
    if not names:
        return
    said = f"{len(names)} picture(s) lie in the bucket"
    try:
        there = inventory.in_bucket(row)
    except NotUsable as exc:
        yield f"{said}, which cannot be listed now: {exc} {LATER}"
        return
    if missing := [name for name in names if name not in there]:
        yield f"{said}, {len(missing)} of them are missing: {_some(missing)}. {LATER}"
    else:
        yield f"{said}: all are there."


def _some(names: list[str]) -> str:
    more = " ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
