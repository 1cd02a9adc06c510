"""The places of kept pictures as Django's storages: a folder, and a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils._os import safe_join

from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from tasks.enums import StorageKind
from tasks.models import StorageSettings
from tasks.pictures.kept.drafts import drafting, settle
from tasks.pictures.kept.failures import Missing, NotUsable, in_words
from tasks.pictures.types import EXTENSIONS

CONNECT: Final = 5.0  # seconds
SILENCE: Final = 20.0  # seconds between two bytes of an answer
PIECE: Final = 1 << 20
NOT_INSTALLED: Final = (
    "The packages for buckets are not installed. “make s3-packages” installs them; "
    "containers: docs/operations.md, kept pictures. Then start mjproxy again."
)
UNREADABLE: Final = "The secret key fits no encryption key: enter it again."
# A name never gets other bytes.
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {ending: kind for kind, ending in EXTENSIONS.items()}


@dataclass(frozen=True)
class Access:
    """All that a client of a bucket is made of."""

    endpoint: str
    region: str
    bucket: str
    bucket_names: str
    access_key: str
    secret_key: str = field(repr=False)
    prefix: str


class Folder(FileSystemStorage):
    """Files below the data folder: each is there as a whole and on the disk, or not."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # the same name has the same bytes

    def _save(self, name: str, content: File[bytes]) -> str:
        with drafting() as draft:
            with draft.open("wb") as file:
                for piece in content.chunks(PIECE):
                    file.write(piece)
            settle(draft, Path(self.path(name)))
        return name


def folder() -> Storage:
    """Return the storage of the data folder."""
    return Folder(settings.MEDIA_ROOT)


def local_path(name: str) -> Path:
    """Return the path of a name in the data folder, which it cannot leave."""
    return Path(safe_join(settings.MEDIA_ROOT, name))


def bucket(row: StorageSettings) -> Storage:
    """Return the storage of the settings' bucket. Raises NotUsable."""
    return _bucket(_access(row))


def of(kind: StorageKind | str, row: StorageSettings) -> Storage:
    """Return the storage of a kind. Raises NotUsable."""
    return bucket(row) if kind == StorageKind.BUCKET else folder()


def is_installed() -> bool:
    """Tell whether the packages for buckets are there."""
    return all(find_spec(name) for name in ("boto3", "storages"))


def _access(row: StorageSettings) -> Access:
    try:
        secret = row.secret_key
    except UndecryptableSecret:
        raise NotUsable(UNREADABLE) from None
    if not (row.bucket and row.access_key and secret):
        raise NotUsable("The settings name no bucket, or no key and secret for it.")
    return Access(
        *(row.endpoint, row.region, row.bucket, row.bucket_names),
        *(row.access_key, secret, row.prefix),
    )


@lru_cache(maxsize=4)
def _bucket(access: Access) -> Storage:
    try:
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
        from storages.backends.s3 import S3Storage
    except (ImportError, ImproperlyConfigured):
        raise NotUsable(NOT_INSTALLED) from None
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": access.bucket_names},
        connect_timeout=CONNECT,
        read_timeout=SILENCE,
        retries={"total_max_attempts": 1},  # the row is tried again
        # Services besides Amazon's refuse the newer kinds of checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    storage: Storage = S3Storage(
        access_key=access.access_key,
        secret_key=access.secret_key,
        security_token=None,
        session_profile=None,
        bucket_name=access.bucket,
        endpoint_url=access.endpoint.rstrip("/") or None,
        region_name=access.region or None,
        location=access.prefix.strip("/"),
        file_overwrite=True,
        default_acl=None,
        object_parameters={"CacheControl": _FOR_EVER},
        max_memory_size=4 << 20,
        transfer_config=TransferConfig(use_threads=False),
        client_config=config,
    )
    return storage


# --- calls, with errors in words ------------------------------------------------------


def put(storage: Storage, name: str, path: Path) -> None:
    """Store a file under a name. Raises NotUsable, and OSError of `path`."""
    with path.open("rb") as opened:
        content: File[Any] = File(opened, name=name)
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        content.content_type = kind  # type: ignore[attr-defined] # read by the library
        with in_words():
            if storage.save(name, content) != name:
                raise NotUsable("The storage gave the file another name.")


def pieces(storage: Storage, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file. Raises Missing, NotUsable."""
    with in_words():
        file = storage.open(name)
    with file:
        while True:
            with in_words():
                piece = file.read(PIECE)
            if not piece:
                return
            yield piece


def copy(storage: Storage, name: str, to: IO[bytes]) -> str:
    """Write a file's bytes to an open file; return their SHA-256.

    Raises Missing, NotUsable, and OSError of the open file.
    """
    made = hashlib.sha256()
    for piece in pieces(storage, name):
        made.update(piece)
        to.write(piece)
    return made.hexdigest()


def digest(storage: Storage, name: str) -> str:
    """Return the SHA-256 of the bytes under a name; "" if there are none.

    Raises NotUsable.
    """
    made = hashlib.sha256()
    try:
        for piece in pieces(storage, name):
            made.update(piece)
    except Missing:
        return ""
    return made.hexdigest()


def remove(storage: Storage, name: str) -> None:
    """Remove what lies under a name, if anything does. Raises NotUsable."""
    with in_words():
        storage.delete(name)


# --- links ----------------------------------------------------------------------------


def signed_link(row: StorageSettings, name: str) -> str:
    """Return a link to a private object; makes no call. Raises NotUsable."""
    return _link(row, name, is_signed=True)


def public_link(row: StorageSettings, name: str) -> str:
    """Return a link without a signature; makes no call. Raises NotUsable."""
    if not row.public_base:
        return _link(row, name, is_signed=False)
    base, prefix = row.public_base.rstrip("/"), row.prefix.strip("/")
    return "/".join(part for part in (base, prefix, quote(name)) if part)


def _link(row: StorageSettings, name: str, *, is_signed: bool) -> str:
    key = "/".join(part for part in (row.prefix.strip("/"), name) if part)
    with in_words():
        link = _client(_access(row), is_signed).generate_presigned_url(
            "get_object",
            Params={"Bucket": row.bucket, "Key": key},
            ExpiresIn=row.link_minutes * 60,
        )
    return str(link)


@lru_cache(maxsize=4)
def _client(access: Access, is_signed: bool) -> Any:  # noqa: FBT001 - a key of the cache
    """Return a client that all threads share; the storage makes one for each."""
    storage: Any = _bucket(access)
    connection = storage.connection if is_signed else storage.unsigned_connection
    return connection.meta.client
