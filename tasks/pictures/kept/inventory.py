"""Compare the kept files with what lies in the data folder and in the bucket.

A crash or a restore can leave an object that no row names (a stray), or a row whose
object is gone. Strays are removed by the job that removes all files: each gets a row
that is marked as removed. So no task can take its name meanwhile, and a worker that is
killed is followed by another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.process.nudge import nudge
from tasks.enums import Place, StorageKind
from tasks.models import KeptFile, StorageSettings
from tasks.pictures.kept import files, places
from tasks.pictures.kept.failures import in_words
from tasks.snapshots import storage_settings

# A younger object may belong to a row that is not committed yet.
STRAY_AFTER: Final = timedelta(days=1)
_SETTINGS: Final = (StorageSettings, StorageSettings.singleton_instance_id)
# Other objects below the prefix are not ours.
_OURS: Final = re.compile(
    r"(?P<start>[0-9a-f]{2})/(?P<digest>(?P=start)[0-9a-f]{62})"
    r"(?P<size>-(?:320|640))?\.(?P<ending>[a-z0-9]{1,5})"
)

Found = dict[str, datetime]  # the name of an object, and when it was stored


@dataclass
class Differences:
    """Names of strays by place, and the kept files whose object is missing."""

    strays: dict[StorageKind, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    checked: int = 0  # kept files

    @property
    def count(self) -> int:
        return sum(map(len, self.strays.values()))


def differences(row: StorageSettings | None = None) -> Differences:
    """Compare rows and objects. Strays are those older than a day.

    Raises NotUsable if files lie in the bucket, or are on their way, and it cannot be
    listed.
    """
    row = row or storage_settings()
    found: dict[StorageKind, Found] = {}
    if row.bucket or files.is_bucket_used():
        found[StorageKind.BUCKET] = in_bucket(row)
    found[StorageKind.LOCAL] = in_folder(Path(settings.MEDIA_ROOT))
    oldest = timezone.now() - STRAY_AFTER
    strays = {
        kind: list(_unnamed(name for name, at in sorted(each.items()) if at < oldest))
        for kind, each in found.items()
    }
    rows = KeptFile.objects.filter(is_removed=False)
    return Differences(strays, list(_missing(found, row)), rows.count())


def in_bucket(row: StorageSettings) -> Found:
    """Return our objects below the prefix of the bucket. Raises NotUsable."""
    return listed(places.bucket(row), row.prefix)


def listed(bucket: Storage, prefix: str) -> Found:
    """Return our objects below a prefix, without it. Raises NotUsable."""
    before = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    service: Any = bucket
    with in_words():
        return {
            name: each.last_modified
            for each in service.bucket.objects.filter(Prefix=before)
            if _OURS.fullmatch(name := each.key.removeprefix(before))
        }


def in_folder(folder: Path) -> Found:
    """Return the kept files and thumbnails in the data folder."""
    found: Found = {}
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        name = path.relative_to(folder).as_posix()
        if _OURS.fullmatch(name) and path.is_file():
            found[name] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return found


def _unnamed(names: Iterable[str]) -> Iterator[str]:
    """Yield the names that are neither a kept file nor the thumbnail of one."""
    named = set(KeptFile.objects.values_list("name", flat=True).iterator())
    digests = {files.digest_in(name) for name in named}
    for name in names:
        match = _OURS.fullmatch(name)
        is_known = match and match["size"] and match["digest"] in digests
        if name not in named and not is_known:
            yield name


def _missing(found: dict[StorageKind, Found], row: StorageSettings) -> Iterator[str]:
    """Yield the kept files whose object is not where their row says."""
    rows = KeptFile.objects.filter(is_removed=False).order_by("pk")
    for name, place in rows.values_list("name", "place").iterator():
        is_home = place == Place.LOCAL
        kind = StorageKind.LOCAL if is_home else StorageKind.BUCKET
        if name not in found.get(kind, {}) and _is_gone(name, row):
            yield name


def _is_gone(name: str, row: StorageSettings) -> bool:
    """Look again: the file may have moved, or come, while the places were listed."""
    file = files.find(name)
    if file is None:
        return False
    if file.place == Place.LOCAL:
        return not places.local_path(name).is_file()
    with in_words():
        return not places.bucket(row).exists(name)


@in_record
def remove_strays(found: Differences) -> int:
    """Let workers remove the strays; return of how many pictures."""
    count = sum(
        _mark(name, kind)
        for kind, names in found.strays.items()
        for name in _whole(names)
    )
    note("remove strays", _SETTINGS, files=count)
    return count


def _whole(names: Iterable[str]) -> Iterator[str]:
    """Yield the name of each picture, in place of those of its thumbnails."""
    chosen: dict[str, str] = {}
    for name in names:
        if match := _OURS.fullmatch(name):
            alone = files.name_of(match["digest"], "png")
            if match["size"]:
                chosen.setdefault(match["digest"], alone)
            else:
                chosen[match["digest"]] = name
    yield from chosen.values()


def _mark(name: str, kind: StorageKind) -> bool:
    """Make a row for a stray, so that it is removed; False if it has one by now.

    A stray of the bucket that lies in the data folder too is removed from both.
    """
    try:
        with transaction.atomic():
            made = KeptFile.objects.create(
                name=name, place=Place(kind), wanted=kind, is_removed=True
            )
    except IntegrityError:
        return False
    transaction.on_commit(lambda: nudge("tasks.settle_file", made.pk, hurry=False))
    return True
