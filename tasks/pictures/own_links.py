"""Resolve links to this server's own pictures from the store, without fetching them."""

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

# Previews and other variants of a picture have names that begin like its own.
_PATH: Final = re.compile(
    r"/images/(?P<task>[0-9]{1,19})/(?P<key>[0-9a-f]{1,64})(?:[-.][\w.-]*)?\Z"
)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PORTS: Final = {"http": 80, "https": 443}
_QUALITY: Final = 92
# Bytes of Discord's upload limit for an account without a subscription.
MAX_BYTES: Final = 10 << 20


@dataclass(frozen=True)
class Viewer:
    """The user who sent a link, and the origin that the user reached us by."""

    user: User
    base: str = ""


def find_own(viewer: Viewer, url: str) -> Task | None:
    """Return the task whose picture a link names; None for a foreign link.

    Raises InvalidRequest if the link is ours and the viewer may not see a picture
    there.
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
    """Return the task that a link names with its secret; the user does not matter.

    The host does not count: a foreign link cannot contain the secret.
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
    """Raise InvalidRequest if a task has no finished picture."""
    if task.status != TaskStatus.SUCCESS or not task.picture_source:
        raise InvalidRequest("关联任务状态错误", "The picture is not finished")
    if task.picture_type.startswith("video/"):
        raise InvalidRequest("视频不能作为图片", "A video cannot stand for a picture")


def kept_bytes(task: Task) -> bytes:
    """Return the picture from the data folder, b"" if it does not lie there."""
    path = store.kept_path(task)
    try:
        return path.read_bytes() if path else b""
    except FileNotFoundError:  # removed since the check
        return b""


def fitting(body: bytes) -> bytes:
    """Return a picture within Discord's upload limit, if necessary as a JPEG.

    Raises InvalidRequest if it cannot be converted.
    """
    if len(body) <= MAX_BYTES:
        return body
    try:
        formats = ["PNG", "WEBP", "JPEG"]
        with UNPACKING, Image.open(io.BytesIO(body), formats=formats) as image:
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    except Exception:  # Pillow's decoders raise many kinds of errors
        raise InvalidRequest("图片过大", "The picture cannot be made smaller") from None
    return out.getvalue()
