"""Pictures that a request brings along: decoded, checked, kept until they are used."""

from __future__ import annotations

import base64
import binascii
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from django.db import DatabaseError
from PIL import Image

from tasks import bridge, fetcher, own_pictures, pictures
from tasks.disk import is_full
from tasks.enums import InputRole, TaskAction
from tasks.exceptions import InvalidRequest
from tasks.kinds import HEAD, is_cut_off, kind_of
from tasks.links import is_official
from tasks.models import Errand, InputPicture, Task
from tasks.own_pictures import MAX_BYTES as MAX_BYTES
from tasks.own_pictures import Viewer
from tasks.representation import extension

MAX_PIXELS: Final = 64_000_000
# What Pillow may try. Some files it opens under other names, such as a phone's MPO.
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
# The label is not looked at: it is often wrong.
_DATA_URL: Final = re.compile(r"(?:data:)?[^,]{0,200};base64,", re.IGNORECASE)
_URL_SAFE: Final = str.maketrans("-_", "+/")
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Brought:
    """A checked picture: its bytes, or the link that they are to be fetched from.

    One of our own, found behind a link in a prompt, has both.
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
        return self.role != InputRole.MASK


@dataclass(frozen=True)
class Written:
    """A picture whose bytes are on the disk, while its row is not there yet."""

    brought: Brought
    file: str


def read(
    text: str, role: InputRole, position: int = 0, *, viewer: Viewer | None = None
) -> Brought:
    """Return the picture in a data URL, in bare base64, or behind a web link.

    Raises InvalidRequest for what is no picture, is too large, or may not be fetched.
    """
    text = text.strip()
    if _WEB.match(text):
        return behind(text, role, position, viewer=viewer)
    body = _decoded(text)
    return Brought(role, position, body, *measure(body))


def behind(
    url: str, role: InputRole, position: int = 0, *, viewer: Viewer | None = None
) -> Brought:
    """Return the picture behind a web link: at once where it is one of our own.

    Raises InvalidRequest.
    """
    own = own_pictures.find_own(viewer, url) if viewer else None
    if own is None:
        check_link(url)
        return Brought(role, position, url=url)
    own_pictures.check_picture(own)
    kept = own_pictures.kept_bytes(own)
    if not kept:  # a worker asks Discord for it
        return Brought(role, position, url=url)
    body = own_pictures.fitting(kept)
    return Brought(role, position, body, *measure(body), url=url)


def read_all(
    texts: Sequence[str | None], role: InputRole, *, viewer: Viewer | None = None
) -> list[Brought]:
    """Return all pictures that are not blank, in their order."""
    given = [text for text in texts if text and text.strip()]
    return [read(text, role, n, viewer=viewer) for n, text in enumerate(given)]


def check_link(url: str) -> None:
    """Raise InvalidRequest where a link is none, or leads to a private address."""
    try:
        if is_official(url):
            fetcher.check_url(url)
        else:
            bridge.run(fetcher.resolve(url), timeout=fetcher.RESOLVE_SECONDS + 2)
    except TimeoutError:
        raise InvalidRequest("链接无法访问", "The link cannot be resolved") from None
    except fetcher.Unfetchable as exc:
        raise InvalidRequest(f"链接错误: {exc.zh}", f"Wrong link: {exc.en}") from exc


def measure(body: bytes) -> tuple[str, int, int]:
    """Return type, width and height of a picture's bytes; its pixels stay packed.

    Raises InvalidRequest for anything else, and for more pixels than are decoded.
    """
    if len(body) > MAX_BYTES:
        raise InvalidRequest("图片过大", f"A picture has at most {MAX_BYTES} bytes")
    kind = kind_of(body[:HEAD])
    if not kind.startswith("image/"):
        raise not_a_picture()
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Image.DecompressionBombError
            if kind == "image/gif":
                image.load()  # its first picture; `verify` does not look
            else:
                image.verify()
    except Image.DecompressionBombError:
        raise InvalidRequest(
            "图片尺寸过大", "The picture has too many pixels"
        ) from None
    except Exception:  # Pillow raises what its decoders happen to meet
        raise not_a_picture() from None
    if is_cut_off(body):
        raise InvalidRequest("base64格式错误", "The end of the picture is missing")
    return kind, width, height


def _decoded(text: str) -> bytes:
    head = _DATA_URL.match(text)
    text = text[head.end() :] if head else text
    if len(text) > MAX_BYTES * 4 // 3 + 1024:
        raise InvalidRequest("图片过大", f"A picture has at most {MAX_BYTES} bytes")
    if head and "%" in text:
        text = unquote(text)
    try:
        packed = "".join(text.split()).translate(_URL_SAFE).encode("ascii")
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("base64格式错误", "Invalid base64") from None


def not_a_picture() -> InvalidRequest:
    return InvalidRequest("base64格式错误", "Not a PNG, JPEG, WebP or GIF picture")


# --- kept ---------------------------------------------------------------------------


def write_files(brought: Sequence[Brought]) -> list[Written]:
    """Put the bytes on the disk. Their rows follow; scraps without one are removed.

    Raises OSError where they cannot all be written; none is left then.
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
def gone_if_full(files: Sequence[Written]) -> Iterator[None]:
    """Remove the files where the block finds no room on the disk for their rows."""
    try:
        yield
    except DatabaseError as exc:
        if is_full(exc):
            remove_files(files)
        raise


def write_rows(
    files: Sequence[Written], *, task: Task | None = None, errand: Errand | None = None
) -> None:
    """Write a row for each picture, in the transaction of what it belongs to."""
    InputPicture.objects.bulk_create(
        InputPicture(
            task=task,
            errand=errand,
            role=written.brought.role,
            position=written.brought.position,
            source_url=written.brought.url,
            link=_link(written.brought, task),
            file=written.file,
            content_type=written.brought.content_type,
            width=written.brought.width,
            height=written.brought.height,
        )
        for written in files
    )


def _link(brought: Brought, task: Task | None) -> str:
    """Return the link that stands for a picture already; a blend takes files only."""
    blends = task is not None and task.action == TaskAction.BLEND
    if brought.body or blends or not is_official(brought.url):
        return ""
    return brought.url


def remove_files(files: Sequence[Written]) -> None:
    for written in files:
        pictures.remove(written.file)


def _write(picture: Brought) -> str:
    if not picture.body:
        return ""
    return pictures.write_input(picture.body, picture.content_type)


def name_at_discord(picture: InputPicture) -> str:
    """Return the file name to upload under: unlike any other, and without meaning."""
    ending = extension(picture.content_type)
    owner = picture.task_id or secrets.token_hex(6)
    return f"{owner}-{picture.position}.{ending}"
