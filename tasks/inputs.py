"""Pictures that a request brings along: decoded, checked, kept until they are used."""

from __future__ import annotations

import base64
import binascii
import io
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from tasks import bridge, fetcher, pictures
from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.links import is_official
from tasks.models import Errand, InputPicture, Task
from tasks.representation import extension

# What Discord takes from an account without a subscription of its own.
MAX_BYTES: Final = 10 << 20
MAX_PIXELS: Final = 64_000_000
# Of a mask the pixels are looked at: as many as Midjourney's largest picture has.
MAX_MASK_PIXELS: Final = 4096 * 4096
# A mask may be smaller than its picture, but must have its shape.
SHAPE_TOLERANCE: Final = 0.02

TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
_DATA_URL: Final = re.compile(r"data:([^;,]*)(?:;[^,]*)?;base64,", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Brought:
    """A checked picture: its bytes, or the link that they are to be fetched from."""

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


def read(text: str, role: InputRole, position: int = 0) -> Brought:
    """Return the picture in a data URL, in bare base64, or behind a web link.

    Raises InvalidRequest for what is no picture, is too large, or may not be fetched.
    """
    text = text.strip()
    if _WEB.match(text):
        check_link(text)
        return Brought(role, position, url=text)
    body = _decoded(text)
    content_type, width, height = measure(body)
    return Brought(role, position, body, content_type, width, height)


def read_all(texts: Sequence[str | None], role: InputRole) -> list[Brought]:
    """Return all pictures that are not blank, in their order."""
    given = [text for text in texts if text and text.strip()]
    return [read(text, role, place) for place, text in enumerate(given)]


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
    try:
        with Image.open(io.BytesIO(body), formats=list(TYPES)) as image:
            kind, (width, height) = str(image.format), image.size
            if width * height > MAX_PIXELS:
                raise InvalidRequest("图片尺寸过大", "The picture has too many pixels")
            image.verify()
    except Image.DecompressionBombError:
        raise InvalidRequest(
            "图片尺寸过大", "The picture has too many pixels"
        ) from None
    except InvalidRequest:
        raise
    except Exception:  # Pillow raises what its decoders happen to meet
        raise _not_a_picture() from None
    return TYPES[kind], width, height


def read_mask(text: str, *, width: int | None, height: int | None) -> Brought:
    """Return the mask as the bot takes it: black and white, as large as the picture.

    White is drawn anew. Raises InvalidRequest where it has another shape, or is black.
    """
    given = read(text, InputRole.MASK)
    if given.url:
        raise InvalidRequest("base64格式错误", "A mask is a data URL")
    if (given.width or 1) * (given.height or 1) > MAX_MASK_PIXELS:
        raise InvalidRequest("图片尺寸过大", "The mask has too many pixels")
    size = (width or given.width or 1, height or given.height or 1)
    ours = (given.width or 1) / (given.height or 1)
    if abs(ours * size[1] / size[0] - 1) > SHAPE_TOLERANCE:
        raise InvalidRequest(
            "蒙版尺寸与图片不符",
            f"The mask is {given.width}x{given.height}, "
            f"the picture is {size[0]}x{size[1]}",
        )
    try:
        with Image.open(io.BytesIO(given.body), formats=list(TYPES)) as image:
            body = _two_colours(image, size)
    except (OSError, ValueError, SyntaxError):
        raise _not_a_picture() from None
    if not body:
        raise InvalidRequest("蒙版为空", "The mask selects nothing: white is redrawn")
    return Brought(InputRole.MASK, 0, body, "image/png", *size)


def _two_colours(image: Image.Image, size: tuple[int, int]) -> bytes:
    """Return the PNG of a mask, or nothing where no pixel is white."""
    layer = image.resize(size, Image.Resampling.NEAREST).convert("RGBA")
    flat = Image.new("RGB", size)
    flat.paste(layer, mask=layer.getchannel("A"))
    grey = flat.convert("L")
    mask = grey.point(lambda level: 255 if level >= 128 else 0)
    if mask.getextrema()[1] == 0:
        return b""
    out = io.BytesIO()
    mask.save(out, "PNG")
    return out.getvalue()


def _decoded(text: str) -> bytes:
    head = _DATA_URL.match(text)
    if head:
        if head[1] and not head[1].lower().startswith("image/"):
            raise InvalidRequest("base64格式错误", f"{head[1][:40]} is not a picture")
        text = text[head.end() :]
    if len(text) > MAX_BYTES * 4 // 3 + 1024:
        raise InvalidRequest("图片过大", f"A picture has at most {MAX_BYTES} bytes")
    try:
        packed = "".join(text.split()).encode("ascii")
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("base64格式错误", "Invalid base64") from None


def _not_a_picture() -> InvalidRequest:
    return InvalidRequest("base64格式错误", "Not a PNG, JPEG, WebP or GIF picture")


# --- kept ---------------------------------------------------------------------------


def write_files(brought: Sequence[Brought]) -> list[Written]:
    """Put the bytes on the disk. Their rows follow; scraps without one are removed."""
    return [Written(picture, _write(picture)) for picture in brought]


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
            link=written.brought.url if is_official(written.brought.url) else "",
            file=written.file,
            content_type=written.brought.content_type,
            width=written.brought.width,
            height=written.brought.height,
        )
        for written in files
    )


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
