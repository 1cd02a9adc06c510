"""Links to our own pictures that come back in a request: read here, never fetched."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from django.conf import settings
from django.utils.crypto import constant_time_compare
from PIL import Image

from accounts.models import User
from mjproxy.lib.validators.addresses import Parts, WrongAddress, parts_of
from tasks.enums import TaskStatus
from tasks.exceptions import InvalidRequest
from tasks.models import Task
from tasks.pictures import store
from tasks.pictures.decode_slots import UNPACKING
from tasks.selectors import find

# Previews and whatever else is made of a picture have names that begin like its own.
_PATH: Final = re.compile(
    r"/images/(?P<task>[0-9]{1,19})/(?P<key>[0-9a-f]{1,64})(?:[-.][\w.-]*)?\Z"
)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PORTS: Final = {"http": 80, "https": 443}
_QUALITY: Final = 92
# What Discord takes from an account without a subscription of its own.
MAX_BYTES: Final = 10 << 20


@dataclass(frozen=True)
class Viewer:
    """Who brings a link along, and the origin under which they reached us."""

    user: User
    base: str = ""


def find_own(viewer: Viewer, url: str) -> Task | None:
    """Return the task whose picture a link leads to; None where it is not ours.

    Raises InvalidRequest where it is ours, and no picture that the viewer may see.
    """
    try:
        parts = parts_of(url)
    except WrongAddress:
        return None
    task = named_by(url)
    if task and (found := find(viewer.user, task.pk)):
        return found
    if task or ("/images/" in unquote(parts.target) and _is_ours(parts, viewer)):
        raise InvalidRequest("图片不存在", "There is no such picture of yours")
    return None


def named_by(url: str) -> Task | None:
    """Return the task that a link names with its secret, whoever asks.

    The host does not count: nobody else's link could hold that secret.
    """
    match = _PATH.search(unquote(re.split("[?#]", url, maxsplit=1)[0]))
    pk = int(match["task"]) if match else 1 << 63
    task = Task.objects.filter(pk=pk).first() if pk < 1 << 63 else None
    if match is None or task is None:
        return None
    same = constant_time_compare(match["key"], task.picture_key)
    return task if same else None


def _is_ours(parts: Parts, viewer: Viewer) -> bool:
    place = (parts.host, parts.port or _PORTS[parts.scheme])
    known = [(host, settings.PORT) for host in (*_LOOPBACK, settings.HOST)]
    for base in (settings.PUBLIC_URL, viewer.base):
        try:
            own = parts_of(base)
        except WrongAddress:
            continue
        known.append((own.host, own.port or _PORTS[own.scheme]))
    return place in known


def check_picture(task: Task) -> None:
    """Raise InvalidRequest where a task has no finished picture."""
    if task.status != TaskStatus.SUCCESS or not task.picture_source:
        raise InvalidRequest("关联任务状态错误", "The picture is not finished")
    if task.picture_type.startswith("video/"):
        raise InvalidRequest("视频不能作为图片", "A video cannot stand for a picture")


def kept_bytes(task: Task) -> bytes:
    """Return the picture from the disk, b"" where it is not kept there."""
    path = store.kept_path(task)
    try:
        return path.read_bytes() if path else b""
    except FileNotFoundError:  # removed this moment
        return b""


def fitting(body: bytes) -> bytes:
    """Return a picture of ours as Discord takes it, if need be as a JPEG.

    Raises InvalidRequest.
    """
    if len(body) <= MAX_BYTES:
        return body
    try:
        formats = ["PNG", "WEBP", "JPEG"]
        with UNPACKING, Image.open(io.BytesIO(body), formats=formats) as image:
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    except Exception:  # Pillow raises what its decoders happen to meet
        raise InvalidRequest("图片过大", "The picture cannot be made smaller") from None
    return out.getvalue()
