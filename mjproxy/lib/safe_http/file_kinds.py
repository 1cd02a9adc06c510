"""What a file is, by its first bytes: labels on the way are often wrong or missing."""

from __future__ import annotations

from typing import Final

HEAD: Final = 32  # bytes that are enough

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NOT_VIDEOS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")


def kind_of(head: bytes) -> str:
    """Return the content type of a picture or video, "" where it is neither."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] not in _NOT_VIDEOS:
        return "video/mp4"
    return ""


def is_picture(head: bytes) -> bool:
    """Tell whether Midjourney takes a file that begins so."""
    return kind_of(head).startswith("image/")


def is_cut_off(body: bytes) -> bool:
    """Tell whether the end of a picture is missing, without unpacking it.

    For JPEG and WebP: the others are looked through by their reader.
    """
    if body.startswith(b"RIFF"):
        # Some programs count a last byte that they do not write.
        return len(body) < 7 + int.from_bytes(body[4:8], "little")
    return body.startswith(b"\xff\xd8") and not _has_end(body)


def _has_end(jpeg: bytes) -> bool:
    place = 2
    while jpeg[place : place + 1] == b"\xff" and place + 4 <= len(jpeg):
        marker = jpeg[place + 1]
        if marker == 0xDA:
            # In the pixels 0xFF is escaped, so this can be nothing else.
            return jpeg.find(b"\xff\xd9", place) > 0
        length = int.from_bytes(jpeg[place + 2 : place + 4])
        place += 1 if marker == 0xFF else 2 + length
    return False
