"""Input pictures of requests: decode and check them, and keep them until used."""

from __future__ import annotations

import base64
import binascii
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from django.db import DatabaseError, IntegrityError
from django.db.models import Q
from PIL import Image

from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.process.disk_full import is_full
from mjproxy.lib.safe_http import client
from mjproxy.lib.safe_http.file_kinds import HEAD, is_cut_off, kind_of
from tasks.enums import TERMINAL, ErrandState, InputRole, TaskAction
from tasks.exceptions import InvalidRequest, Refused
from tasks.models import Errand, InputPicture, Task
from tasks.pictures import own_links, store
from tasks.pictures.decode_slots import UNPACKING
from tasks.pictures.own_links import MAX_BYTES as MAX_BYTES
from tasks.pictures.own_links import Viewer
from tasks.pictures.types import extension
from tasks.prompts.links import is_official
from tasks.snapshots import drawing_settings

MAX_PIXELS: Final = 64_000_000
BATCH: Final = 500  # rows or files in one query
# Formats that Pillow may try. It opens some files under other names, such as a phone's
# MPO.
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_NOT_FOR_DISCORD: Final = (InputRole.MASK, InputRole.FACE, InputRole.SWAPPED)
# The media type is ignored: it is often wrong.
_DATA_URL: Final = re.compile(r"(?:data:)?[^,]{0,200};base64,", re.IGNORECASE)
_URL_SAFE: Final = str.maketrans("-_", "+/")
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Brought:
    """A checked input picture: its bytes, or the link to fetch them from.

    A picture of this server, found by a link in a prompt, has both.
    """

    role: InputRole
    position: int = 0
    body: bytes = b""
    content_type: str = ""
    width: int | None = None
    height: int | None = None
    url: str = ""

    @property
    def needs_upload(self) -> bool:
        return self.role not in _NOT_FOR_DISCORD


@dataclass(frozen=True)
class Written:
    """A picture whose bytes are on the disk and whose row is not written yet."""

    brought: Brought
    file: str


def read(
    text: str, role: InputRole, position: int = 0, *, viewer: Viewer | None = None
) -> Brought:
    """Return the picture in a data URL, in bare base64, or behind a web link.

    Raises InvalidRequest if it is not a picture, is too large, or may not be fetched
    or sent.
    """
    text = text.strip()
    if _WEB.match(text):
        return behind(text, role, position, viewer=viewer)
    if role not in _NOT_FOR_DISCORD and not drawing_settings().uploads:
        raise InvalidRequest("禁止上传", "Pictures cannot be sent, only links to them")
    body = _decoded(text)
    return Brought(role, position, body, *measure(body))


def behind(
    url: str, role: InputRole, position: int = 0, *, viewer: Viewer | None = None
) -> Brought:
    """Return the picture behind a web link, with its bytes if this server has it.

    Raises InvalidRequest.
    """
    own = own_links.find_own(viewer, url) if viewer else None
    if own is None:
        check_link(url)
        return Brought(role, position, url=url)
    own_links.check_picture(own)
    kept = own_links.kept_bytes(own)
    if not kept:  # a worker fetches it from the bucket or from Discord
        return Brought(role, position, url=url)
    body = own_links.fitting(kept)
    return Brought(role, position, body, *measure(body), url=url)


def read_all(
    texts: Sequence[str | None], role: InputRole, *, viewer: Viewer | None = None
) -> list[Brought]:
    """Return all pictures that are not blank, in their order."""
    given = [text for text in texts if text and text.strip()]
    return [read(text, role, n, viewer=viewer) for n, text in enumerate(given)]


def check_link(url: str) -> None:
    """Raise InvalidRequest if a link is invalid or names a private address.

    Runs no DNS query: the address of a name is checked when the picture is fetched.
    """
    try:
        client.check_url(url)
    except client.Unfetchable as exc:
        raise InvalidRequest(f"链接错误: {exc.zh}", f"Wrong link: {exc.en}") from exc


def measure(body: bytes) -> tuple[str, int, int]:
    """Return type, width and height of a picture; only a GIF is decoded.

    Raises InvalidRequest for other data, and for more than `MAX_PIXELS` pixels.
    """
    if len(body) > MAX_BYTES:
        raise _too_large()
    kind = kind_of(body[:HEAD])
    if not kind.startswith("image/"):
        raise not_a_picture()
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Image.DecompressionBombError
            if kind == "image/gif":
                with UNPACKING:
                    # decodes the first frame; `verify` does not check a GIF
                    image.load()
            else:
                image.verify()
    except Image.DecompressionBombError:
        raise InvalidRequest(
            "图片尺寸过大", "The picture has too many pixels"
        ) from None
    except Exception:  # Pillow's decoders raise many kinds of errors
        raise not_a_picture() from None
    if is_cut_off(body):
        raise InvalidRequest("base64格式错误", "The end of the picture is missing")
    return kind, width, height


def measure_file(path: Path) -> tuple[str, int, int]:
    """Measure a file on the disk, as `measure` does."""
    if path.stat().st_size > MAX_BYTES:
        raise _too_large()
    return measure(path.read_bytes())


def _too_large() -> InvalidRequest:
    return InvalidRequest("图片过大", f"A picture has at most {MAX_BYTES} bytes")


def _decoded(text: str) -> bytes:
    head = _DATA_URL.match(text)
    text = text[head.end() :] if head else text
    if len(text) > MAX_BYTES * 4 // 3 + 1024:
        raise _too_large()
    if head and "%" in text:
        text = unquote(text)
    try:
        packed = "".join(text.split()).translate(_URL_SAFE).encode("ascii")
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("base64格式错误", "Invalid base64") from None


def not_a_picture() -> InvalidRequest:
    return InvalidRequest("base64格式错误", "Not a PNG, JPEG, WebP or GIF picture")


# --- storing --------------------------------------------------------------------------


def write_files(brought: Sequence[Brought]) -> list[Written]:
    """Write the bytes to files. Rows follow; files without a row are removed later.

    Raises OSError if one cannot be written; then none is left.
    """
    files: list[Written] = []
    try:
        for picture in brought:
            files.append(Written(picture, _write(picture)))
    except OSError:
        remove_files(files)
        raise
    return files


@contextmanager
def kept(brought: Sequence[Brought]) -> Iterator[list[Written]]:
    """Write the bytes to files for a block that writes their rows.

    The files are removed if the block is refused, if its key exists already, or if the
    disk is full. Raises OSError if a file cannot be written.
    """
    files = write_files(brought)
    try:
        yield files
    except (Refused, IntegrityError):
        remove_files(files)
        raise
    except DatabaseError as exc:
        if is_full(exc):
            remove_files(files)
        raise


def write_rows(
    files: Sequence[Written], *, task: Task | None = None, errand: Errand | None = None
) -> None:
    """Write a row for each picture, in the transaction of its task or errand."""
    InputPicture.objects.bulk_create(
        InputPicture(
            task=task,
            errand=errand,
            role=written.brought.role,
            position=written.brought.position,
            source_url=written.brought.url,
            link=_link(written.brought, task),
            file=written.file,
            size=len(written.brought.body),
            content_type=written.brought.content_type,
            width=written.brought.width,
            height=written.brought.height,
        )
        for written in files
    )


def _link(brought: Brought, task: Task | None) -> str:
    """Return the link to send for a picture, or "". A blend takes files only."""
    blends = task is not None and task.action == TaskAction.BLEND
    if brought.body or blends or not is_official(brought.url):
        return ""
    return brought.url


def drop(owner: Task | Errand) -> None:
    """Remove the input pictures of a task or an errand that is over."""
    _drop(_of_task(owner.pk) if isinstance(owner, Task) else owner.inputs.all())


# Runs at the end of each task.
_of_task: Final = CompiledQuery[InputPicture](
    lambda pk: InputPicture.objects.filter(task=pk, kept_file="").only("file")
)


def drop_ended() -> int:
    """Remove the input pictures of all tasks and errands that are over."""
    errand_over = Q(errand__isnull=False) & ~Q(errand__state=ErrandState.WAITING)
    over = InputPicture.objects.filter(
        Q(task__status__in=TERMINAL) | errand_over, kept_file=""
    )
    removed = 0
    while batch := list(over.values_list("pk", flat=True)[:BATCH]):
        removed += _drop(InputPicture.objects.filter(pk__in=batch).only("file"))
    return removed


def _drop(rows: Iterable[InputPicture]) -> int:
    # Files first: a row without its file is found again, a file without its row is not.
    found = {row.pk: row.file for row in rows}
    for file in found.values():
        store.remove(file)
    if found:
        InputPicture.objects.filter(pk__in=list(found)).delete()
    return len(found)


def remove_strays() -> int:
    """Remove old files without a row; their requests failed."""
    removed = 0
    for names in store.old_inputs():
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            rows = InputPicture.objects.filter(file__in=batch)
            strays = set(batch) - set(rows.values_list("file", flat=True))
            for file in strays:
                store.remove(file)
            removed += len(strays)
    return removed


def remove_files(files: Sequence[Written]) -> None:
    for written in files:
        store.remove(written.file)


def _write(picture: Brought) -> str:
    if not picture.body:
        return ""
    return store.write_input(picture.body, picture.content_type)


def name_at_discord(picture: InputPicture) -> str:
    """Return a unique file name for the upload, without meaning."""
    ending = extension(picture.content_type)
    owner = picture.task_id or secrets.token_hex(6)
    return f"{owner}-{picture.position}.{ending}"
