"""Draw pictures: real PNG and WebP bytes, which depend on their arguments alone.

A grid and the single picture of one of its tiles draw the same tile in two sizes, so a
test can compare them. Padding gives each file the size that its message announces
before it is drawn.
"""

import colorsys
import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter, ImageFont, UnidentifiedImageError

SHADES = 16  # palette entries per tile
_PNG_TAIL = 12  # bytes of the closing IEND chunk


@dataclass(frozen=True)
class Picture:
    """Picture: one tile, or the four of a grid, with its size in pixels."""

    uuid: str
    seed: str  # of the tiles; a single picture has the seed of its grid
    width: int
    height: int
    tiles: tuple[int, ...] = (1, 2, 3, 4)

    @property
    def announced(self) -> int:
        """The size of the PNG in bytes."""
        return 4096 + self.width * self.height // 8


def dimensions(ratio: float, edge: int) -> tuple[int, int]:
    """Return even width and height of this ratio whose longer side is `edge`."""
    short = max(2, round(edge * min(ratio, 1 / ratio) / 2) * 2)
    return (edge, short) if ratio >= 1 else (short, edge)


@lru_cache(maxsize=64)
def png(picture: Picture) -> bytes:
    """Return the PNG bytes of a result."""
    out = BytesIO()
    drawn(picture).save(out, "PNG", compress_level=1)
    return _padded(out.getvalue(), picture)


@lru_cache(maxsize=64)
def preview(picture: Picture, progress: int) -> bytes:
    """Return a small WebP that gets sharper with the progress, 0 to 100."""
    width, height = preview_size(picture)
    image = drawn(picture).convert("RGB").resize((width, height))
    radius = max(width, height) * (100 - progress) / 800
    out = BytesIO()
    image.filter(ImageFilter.GaussianBlur(radius)).save(
        out, "WEBP", quality=60, method=0
    )
    return out.getvalue().ljust(preview_announced(width, height), b"\0")


def preview_announced(width: int, height: int) -> int:
    """Return the size of a preview in bytes, with zeros that decoders skip."""
    return 1024 + width * height // 16


def preview_size(picture: Picture) -> tuple[int, int]:
    longest = max(picture.width, picture.height)
    scale = min(1.0, 512 / longest, max(0.25, 32 / longest))
    return max(2, round(picture.width * scale)), max(2, round(picture.height * scale))


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None if the bytes are no picture."""
    try:
        with Image.open(BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def resized(
    data: bytes, *, width: int = 0, height: int = 0, form: str = ""
) -> tuple[bytes, str]:
    """Return the bytes of the resized picture, and their content type.

    A side of 0 follows from the other one and the picture's shape.
    """
    with Image.open(BytesIO(data)) as image:
        image.load()
        kind = (form or image.format or "png").lower()
        kind = {"jpg": "jpeg", "mpo": "jpeg"}.get(kind, kind)
        width = width or round(image.width * height / image.height) or image.width
        height = height or round(image.height * width / image.width) or image.height
        out = BytesIO()
        image.convert("RGB").resize((width, height)).save(out, kind.upper())
    return out.getvalue(), f"image/{kind}"


def _padded(data: bytes, picture: Picture) -> bytes:
    """Return the PNG, filled to its announced size.

    Private chunks hold the job's uuid and the padding.
    """
    body, end = data[:-_PNG_TAIL], data[-_PNG_TAIL:]
    body += _chunk(b"tEXt", b"job\0" + picture.uuid.encode())
    missing = picture.announced - len(body) - len(end) - 12
    if missing >= 0:
        body += _chunk(b"paDd", bytes(missing))
    return body + end


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def drawn(picture: Picture) -> Image.Image:
    """Return the drawn image, with a palette of its own."""
    image = Image.new("P", (picture.width, picture.height))
    palette: list[int] = []
    draw = ImageDraw.Draw(image)
    columns = 2 if len(picture.tiles) > 1 else 1
    rows = -(-len(picture.tiles) // columns)
    width, height = picture.width / columns, picture.height / rows
    for place, tile in enumerate(picture.tiles):
        left, top = place % columns * width, place // columns * height
        box = (left, top, left + width - 1, top + height - 1)
        seed = hashlib.sha256(f"{picture.seed}/{tile}".encode()).digest()
        palette += _shades(seed)
        _draw_tile(draw, box, seed, tile, place * SHADES)
    image.putpalette(palette)
    return image


def _shades(seed: bytes) -> list[int]:
    hue = seed[0] / 256
    colours: list[int] = []
    for shade in range(SHADES):
        drift = (hue + shade * seed[1] / 40960) % 1.0
        rgb = colorsys.hsv_to_rgb(drift, 0.65, 0.25 + 0.7 * shade / (SHADES - 1))
        colours += [int(part * 255) for part in rgb]
    return colours


def _draw_tile(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    seed: bytes,
    number: int,
    base: int,
) -> None:
    """Draw a sky of bands, one to three suns, and the number of the tile."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    bands = 6 + seed[2] % 4
    for band in range(bands):
        y = top + height * band / bands
        colour = base + 1 + (band * seed[3] % 7 + band) % (SHADES - 4)
        draw.rectangle((left, y, right, bottom), fill=colour)
    for sun in range(1 + seed[4] % 3):
        x = left + width * (0.2 + 0.6 * seed[5 + sun] / 255)
        y = top + height * (0.2 + 0.6 * seed[9 + sun] / 255)
        radius = min(width, height) * (0.06 + 0.1 * seed[13 + sun] / 255)
        circle = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(circle, fill=base + SHADES - 2 - sun)
    size = max(8.0, min(width, height) / 4)
    place = (left + width * 0.06, top + height * 0.04)
    draw.text(place, str(number), fill=base + SHADES - 1, font=_font(int(size)))


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
