"""Draw clips: MP4 containers without a codec's data, and animated WebP.

The bytes depend on the arguments alone, and differ from job to job.
"""

import hashlib
import struct
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops

from gateway.simulator.pixels import pictures
from gateway.simulator.pixels.pictures import Picture

FRAMES = 4
MDAT = 4096  # bytes of content
CONTENT_TYPES = {"png": "image/png", "webp": "image/webp", "mp4": "video/mp4"}


@lru_cache(maxsize=64)
def clip(picture: Picture, form: str, seconds: int) -> bytes:
    """Return the bytes of the clip, as `mp4` or as animated `webp`."""
    return _mp4(picture, seconds) if form == "mp4" else _webp(picture, seconds)


def announced(picture: Picture, form: str, seconds: int) -> int:
    """Return the size of the clip in bytes."""
    if form == "mp4":
        return len(_mp4(picture, seconds))
    return 8192 + picture.width * picture.height


def _mp4(picture: Picture, seconds: int) -> bytes:
    """Return file type, movie header and unreadable frames."""
    brands = b"isom" + struct.pack(">I", 512) + b"isomiso2avc1mp41"
    header = struct.pack(">IIIII", 0, 0, 0, 1000, seconds * 1000)
    header += struct.pack(">IH10x", 1 << 16, 1 << 8)  # rate and volume of 1
    header += struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header += struct.pack(">24xI", 2)
    name = f"{picture.uuid}/{picture.seed}/{picture.tiles}/{seconds}".encode()
    frames = hashlib.shake_256(name).digest(MDAT)
    movie = _box(b"moov", _box(b"mvhd", header))
    return _box(b"ftyp", brands) + movie + _box(b"free", name) + _box(b"mdat", frames)


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def _webp(picture: Picture, seconds: int) -> bytes:
    """Return the tiles drifting sideways, with zeros up to the announced size."""
    still = pictures.drawn(picture).convert("RGB")
    frames = [_drifted(still, number) for number in range(FRAMES)]
    out = BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=seconds * 1000 // FRAMES,
        loop=0,
        quality=40,
        method=0,
    )
    data = out.getvalue() + picture.uuid.encode()
    return data.ljust(announced(picture, "webp", seconds), b"\0")


def _drifted(still: Image.Image, number: int) -> Image.Image:
    return ImageChops.offset(still, number * max(1, still.width // 16), 0)
