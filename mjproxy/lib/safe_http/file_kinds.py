"""Kind of a file by its first bytes: content types and names are often wrong."""

from __future__ import annotations

from typing import Final

HEAD: Final = 32  # bytes that are enough to know the kind

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NOT_VIDEOS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")


def kind_of(head: bytes) -> str:
    """Return the content type of a picture or video; "" for anything else."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] not in _NOT_VIDEOS:
        return "video/mp4"
    return ""


def is_picture(head: bytes) -> bool:
    """Tell whether Midjourney accepts a file with these first bytes."""
    return kind_of(head).startswith("image/")


def is_cut_off(body: bytes) -> bool:
    """Tell whether the end of a picture is missing, without decoding it.

    For JPEG and WebP; the decoder finds it for the other formats.
    """
    if body.startswith(b"RIFF"):
        # Some programs count a padding byte that they do not write.
        return len(body) < 7 + int.from_bytes(body[4:8], "little")
    return body.startswith(b"\xff\xd8") and not _has_end(body)


def _has_end(jpeg: bytes) -> bool:
    place = 2
    while jpeg[place : place + 1] == b"\xff" and place + 4 <= len(jpeg):
        marker = jpeg[place + 1]
        if marker == 0xDA:
            # In pixel data 0xFF is escaped, so these bytes can only be the end marker.
            return jpeg.find(b"\xff\xd9", place) > 0
        length = int.from_bytes(jpeg[place + 2 : place + 4])
        place += 1 if marker == 0xFF else 2 + length
    return False
