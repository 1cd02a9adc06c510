"""Types of pictures and videos, and the endings of their files."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

EXTENSIONS: Final = {
    "image/png": "png",
    "image/webp": "webp",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "video/mp4": "mp4",
}


_TYPES: Final = {ending: kind for kind, ending in EXTENSIONS.items()}


def type_of(path: PurePath) -> str:
    """Return the type of a file, by the ending of its name."""
    return _TYPES.get(path.suffix[1:], "application/octet-stream")


def extension(content_type: str) -> str:
    """Return the ending of a type's files, without a dot; "png" for unknown types."""
    return EXTENSIONS.get(content_type, "png")
