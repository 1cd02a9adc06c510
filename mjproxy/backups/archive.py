"""The file of a backup: a tar whose last member lists all the others.

`rows/APP.MODEL.jsonl.gz` holds a table, `pictures/...` a kept picture, `secrets.json`
the installation's secrets, sealed with a passphrase. `manifest.json` comes last, with
the digest of every other member, so a truncated or changed file is detected.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

FORMAT: Final = "mjproxy-backup"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
SECRETS: Final = "secrets.json"
PICTURES: Final = "pictures/"
_ROWS: Final = re.compile(r"rows/([a-z_0-9]+\.[a-z_0-9]+)\.jsonl\.gz")
# No hidden path parts, and no path that leaves the folder.
_PICTURE: Final = re.compile(r"pictures(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
_LONGEST: Final = 64 << 20  # bytes of a member that is read into memory as a whole
_CHUNK: Final = 1 << 20


class BadArchive(Exception):
    """The file is not a usable backup; the message gives the reason."""


@dataclass(frozen=True)
class Manifest:
    """Manifest of a backup: version, database, migrations and digests."""

    product: str  # the version of mjproxy that wrote it
    database: str  # the kind of database that was backed up
    made_at: str
    migrations: list[tuple[str, str]]
    keys: list[str]  # fingerprints of the encryption keys
    members: dict[str, str] = field(default_factory=dict)  # member name: SHA-256

    @property
    def tables(self) -> dict[str, str]:
        """Return the members that hold rows, by the model's name."""
        matches = ((_ROWS.fullmatch(name), name) for name in self.members)
        return {match[1]: name for match, name in matches if match}

    @property
    def pictures(self) -> list[str]:
        return [name for name in self.members if name.startswith(PICTURES)]


class Writer:
    """Writer of the members of a backup."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, str] = {}

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, os.fstat(file.fileno()).st_size, file)

    def add_bytes(self, name: str, data: bytes) -> None:
        self._add(name, len(data), io.BytesIO(data))

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which names all members added before."""
        told = {"format": FORMAT, "version": VERSION} | asdict(manifest)
        told["members"] = dict(self.members)
        self.add_bytes(MANIFEST, json.dumps(told, indent=1).encode())

    def _add(self, name: str, size: int, file: IO[bytes]) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        reading = _Digesting(file)
        self._tar.addfile(info, reading)
        self.members[name] = reading.digest.hexdigest()


class _Digesting:
    """File object that computes a digest of what is read through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        return data


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a backup to a temporary file; rename it to `path` once it is complete.

    The file is readable by its owner alone. Raises OSError; FileExistsError if `path`
    exists.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def verify(path: Path) -> Manifest:
    """Read the whole file and return its manifest. Raises BadArchive."""
    try:
        with tarfile.open(path, "r:") as tar:
            return _verified(tar)
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise BadArchive(f"The file is damaged or not a backup: {exc}") from exc


def _verified(tar: tarfile.TarFile) -> Manifest:
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    for info in tar:
        _check_member(info, found, is_over=manifest is not None)
        if info.name == MANIFEST:
            manifest = _parsed(_whole(tar, info))
        else:
            found[info.name] = _digest(tar, info)
    if manifest is None:
        raise BadArchive("The file is incomplete or not a backup.")
    if found != manifest.members:
        raise BadArchive("The file was changed: the checksum of a member differs.")
    return manifest


def _check_member(
    info: tarfile.TarInfo, found: dict[str, str], *, is_over: bool
) -> None:
    """Raise BadArchive for a member that does not belong into a backup."""
    known = info.name in (MANIFEST, SECRETS)
    known = known or bool(_ROWS.fullmatch(info.name) or _PICTURE.fullmatch(info.name))
    if is_over or not known or not info.isreg() or info.issparse():
        raise BadArchive(f"{info.name[:100]!r} is not expected in a backup.")
    if info.name in found:
        raise BadArchive(f"{info.name[:100]!r} is in the file twice.")


def _parsed(data: bytes) -> Manifest:
    try:
        told: Any = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise BadArchive("The manifest is not JSON.") from exc
    if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
        raise BadArchive("The file is not a backup.")
    if told.pop("version", None) != VERSION:
        raise BadArchive(f"Only backups of version {VERSION} can be read.")
    try:
        manifest = Manifest(**told)
    except TypeError as exc:
        raise BadArchive("The manifest has an unknown form.") from exc
    if not _is_plausible(manifest):
        raise BadArchive("The manifest has an unknown form.")
    pairs = [(app, name) for app, name in manifest.migrations]
    return Manifest(**(told | {"migrations": pairs}))


def _is_plausible(found: Any) -> bool:
    words = (found.product, found.database, found.made_at)
    lists = (found.migrations, found.keys)
    return (
        all(isinstance(word, str) for word in words)
        and all(isinstance(each, list) for each in lists)
        and all(isinstance(pair, list) and _is_pair(pair) for pair in found.migrations)
        and isinstance(found.members, dict)
    )


def _is_pair(pair: list[Any]) -> bool:
    return len(pair) == 2 and all(isinstance(word, str) for word in pair)


def _digest(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(tar, info):
        digest.update(chunk)
        size += len(chunk)
    if size != info.size:
        raise BadArchive("The file is incomplete.")
    return digest.hexdigest()


def _whole(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    if info.size > _LONGEST:
        raise BadArchive(f"{info.name} is too large.")
    return b"".join(_chunks(tar, info))


def _chunks(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = tar.extractfile(info)
    while file and (chunk := file.read(_CHUNK)):
        yield chunk


# --- reading what was verified --------------------------------------------------------


@contextlib.contextmanager
def member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a member of a verified backup."""
    with tarfile.open(path, "r:") as tar:
        file = tar.extractfile(name)
        if file is None:
            raise BadArchive(f"{name} is missing.")
        yield file


def unpack_pictures(path: Path, folder: Path) -> int:
    """Write the pictures of a verified backup below `folder`; return their number."""
    count = 0
    with tarfile.open(path, "r:") as tar:
        for info in tar:
            if not info.name.startswith(PICTURES):
                continue
            target = folder / info.name.removeprefix(PICTURES)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with target.open("xb") as file:
                for chunk in _chunks(tar, info):
                    file.write(chunk)
            count += 1
    return count
