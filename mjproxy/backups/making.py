"""Make a backup, while the product is running or stopped."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone

from mjproxy.backups import rows, secrets
from mjproxy.backups.archive import PICTURES, SECRETS, Manifest, Writer, writing
from tasks.enums import Place
from tasks.models import KeptFile
from tasks.pictures.kept import files, places
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.snapshots import storage_settings

logger = logging.getLogger(__name__)


def make(
    path: Path,
    *,
    pictures: bool,
    bucket: bool = False,
    passphrase: str | None = None,
) -> Manifest:
    """Write a backup to `path`, which must not exist; with a passphrase, secrets too.

    `bucket` adds the pictures that lie in the bucket. Raises OSError, ValueError for a
    passphrase that is too short or too long, and NotUsable if the bucket fails.
    """
    sealed = None if passphrase is None else secrets.sealed(passphrase)
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as name,
        writing(path) as writer,
    ):
        files, applied = rows.dump(Path(name))
        for table, file in files.items():
            writer.add_file(f"rows/{table}.jsonl.gz", file)
        if pictures:
            _add_pictures(writer)
        if bucket:
            _add_bucket(writer, Path(name, "picture"))
        if sealed is not None:
            writer.add_bytes(SECRETS, sealed)
        manifest = Manifest(
            product=settings.VERSION,
            database=connections["default"].vendor,
            made_at=timezone.now().isoformat(timespec="seconds"),
            migrations=applied,
            keys=secrets.marks(settings.ENCRYPTION_KEYS),
            members=writer.members,
        )
        writer.finish(manifest)
    return manifest


def _add_pictures(writer: Writer) -> None:
    for path in _pictures(settings.MEDIA_ROOT):
        name = path.relative_to(settings.MEDIA_ROOT).as_posix()
        try:
            writer.add_file(PICTURES + name, path)
        except FileNotFoundError:
            logger.info("%s was deleted meanwhile", name)


def in_bucket() -> QuerySet[KeptFile]:
    """Return the kept files that lie in the bucket alone."""
    return KeptFile.objects.filter(place=Place.BUCKET, is_removed=False)


def _add_bucket(writer: Writer, draft: Path) -> None:
    """Add the pictures of the bucket, as if they lay in the data folder.

    Thumbnails are left out: they can be made of the pictures.
    """
    for name in in_bucket().values_list("name", flat=True).iterator():
        if PICTURES + name in writer.members:
            continue
        storage = places.bucket(storage_settings())
        try:
            with draft.open("wb") as file:
                digest = places.copy(storage, name, file)
        except Missing:
            logger.warning("%s is not in the bucket", name)
            continue
        if digest != files.digest_in(name):
            raise NotUsable(f"The bucket has other bytes under {name}.")
        writer.add_file(PICTURES + name, draft)


def _pictures(folder: Path) -> Iterator[Path]:
    """Return the kept pictures; hidden files are still being written."""
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _pictures(path)
        elif path.is_file():
            yield path
