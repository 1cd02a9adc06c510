"""Make the thumbnails of a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from tasks.pictures.decode_slots import UNPACKING

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
MAX_PIXELS: Final = 64_000_000
_QUALITY: Final = 80
# The fastest: a third of the time of the usual 4, and files up to 5 % larger.
_METHOD: Final = 0
# A large picture is halved first, as long as this many times the size is left.
_GAP: Final = 1.5


class NoThumbnail(Exception):
    """The file is no picture that can be made smaller."""


class TooLarge(Exception):
    """The picture has more pixels than the caller takes."""


def thumbnails(
    path: Path, sizes: Sequence[int], most_pixels: int | None = None
) -> dict[int, bytes]:
    """Return a WebP picture for each size, the longest side in pixels.

    Each is made of the next larger one. Raises NoThumbnail, FileNotFoundError, and
    TooLarge if the picture has more than `most_pixels`.
    """
    try:
        with UNPACKING, Image.open(path, formats=FORMATS) as image:
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                raise NoThumbnail
            if most_pixels is not None and pixels > most_pixels:
                raise TooLarge
            # A JPEG is decoded in about this size.
            image.draft("RGB", (max(sizes), max(sizes)))
            return _all(_in_colours(image), sorted(sizes, reverse=True))
    except (FileNotFoundError, TooLarge):
        raise
    except Exception as exc:  # Pillow's decoders raise many kinds of errors
        raise NoThumbnail from exc


def _in_colours(image: Image.Image) -> Image.Image:
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _all(image: Image.Image, sizes: Sequence[int]) -> dict[int, bytes]:
    made: dict[int, bytes] = {}
    body = b""
    for size in sizes:
        if not body or max(image.size) > size:
            image.thumbnail((size, size), reducing_gap=_GAP)
            body = _encoded(image)
        made[size] = body  # a small picture is the same in each size
    return made


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=_METHOD)
    return out.getvalue()
