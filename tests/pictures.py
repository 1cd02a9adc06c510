"""Small real pictures for requests that bring some along."""

from __future__ import annotations

import base64
import io
import struct
import zlib

from PIL import Image


def picture(
    size: tuple[int, int] = (8, 8), colour: str = "red", kind: str = "PNG"
) -> bytes:
    """Return the bytes of a plain picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def data_url(body: bytes, content_type: str = "image/png") -> str:
    return f"data:{content_type};base64,{base64.b64encode(body).decode()}"


def bare(body: bytes) -> str:
    return base64.b64encode(body).decode()


def mask(
    size: tuple[int, int], white: tuple[int, int, int, int] = (0, 0, 4, 4)
) -> bytes:
    """Return a black picture with a white rectangle."""
    image = Image.new("RGB", size, "black")
    image.paste("white", white)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def phone(size: tuple[int, int] = (8, 8)) -> bytes:
    """Return two pictures in one JPEG, as phones make them."""
    out = io.BytesIO()
    more = [Image.new("RGB", size, "blue")]
    Image.new("RGB", size, "red").save(out, "MPO", save_all=True, append_images=more)
    return out.getvalue()


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Return a small PNG that announces more pixels than anybody wants to decode."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(bytes(1000))),
            chunk(b"IEND", b""),
        )
    )
