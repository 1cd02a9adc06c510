"""Types of pictures and videos, and the endings of their files."""

from __future__ import annotations

from typing import Final

EXTENSIONS: Final = {
    "image/png": "png",
    "image/webp": "webp",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "video/mp4": "mp4",
}


def extension(content_type: str) -> str:
    """Return the ending of a type's files, without a dot; "png" for unknown types."""
    return EXTENSIONS.get(content_type, "png")
