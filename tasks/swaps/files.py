"""Files that a swap brings: a face, and the picture or video that gets it."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from mjproxy.lib.safe_http.file_kinds import HEAD, kind_of
from tasks.exceptions import InvalidRequest
from tasks.pictures import inputs

VIDEO_TYPE: Final = "video/mp4"


def checked_picture(body: bytes, most: int) -> tuple[str, int, int]:
    """Return type, width and height of a still picture. Raises InvalidRequest."""
    check_size(body, min(most, inputs.MAX_BYTES))
    found = inputs.measure(body)
    with Image.open(io.BytesIO(body), formats=inputs.FORMATS) as image:
        if getattr(image, "is_animated", False):
            raise InvalidRequest("不支持动图", "An animated picture has many faces")
    return found


def checked_video(body: bytes, most: int) -> str:
    """Return the type of a video. Raises InvalidRequest."""
    check_size(body, most)
    if kind_of(body[:HEAD]) != VIDEO_TYPE:
        raise InvalidRequest("必须是 mp4 格式", "Not an MP4 video")
    return VIDEO_TYPE


def check_size(body: bytes, most: int) -> None:
    if not body or len(body) > most:
        raise TooLarge(most)


class TooLarge(InvalidRequest):
    """A file is empty, or larger than it may be."""

    def __init__(self, most: int) -> None:
        super().__init__("大小超过最大限制", f"Empty, or larger than {most} bytes")
