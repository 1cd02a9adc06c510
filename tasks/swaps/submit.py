"""Submit a face swap: from a checked request to a committed row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from django.utils import timezone

from accounts.limits.allowed import allowed
from tasks.enums import BotType, InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import SwapSettings
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought
from tasks.snapshots import swap_settings
from tasks.submit.allowance import check_quotas
from tasks.submit.row import Caller, Submitted, new_task, replayed, write
from tasks.swaps import files, queue
from tasks.swaps.files import TooLarge
from tasks.swaps.kinds import PICTURE, VIDEO, SwapKind
from tasks.swaps.usable import is_served

_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class _Words:
    """A file's name in refusals."""

    zh: str
    en: str

    def missing(self) -> InvalidRequest:
        return InvalidRequest(f"{self.zh}不能为空", f"{self.en} is required")

    def too_large(self, exc: TooLarge) -> InvalidRequest:
        return InvalidRequest(f"{self.zh}{exc.zh}", f"{self.en}: {exc.en}")

    def bad_url(self, en: str) -> InvalidRequest:
        return InvalidRequest(f"{self.zh}URL格式错误", f"{self.en}: {en}")

    def wrong(self, exc: InvalidRequest) -> InvalidRequest:
        return InvalidRequest(f"{self.zh}格式错误: {exc.zh}", f"{self.en}: {exc.en}")


_FACE: Final = _Words("人脸图片", "The picture of the face")
_TARGET: Final = _Words("目标图片", "The picture to change")
_VIDEO: Final = _Words("目标视频", "The video to change")
_VIDEO_FILE: Final = _Words("目标文件", "The video to change")


def submit_picture_swap(
    *,
    caller: Caller,
    source: str = "",
    source_url: str = "",
    target: str = "",
    target_url: str = "",
) -> Submitted:
    """Write a swap of a face into a picture. Raises Refused with the reason."""
    settings = _open(caller, PICTURE)
    source, source_url, target, target_url = map(
        str.strip, (source, source_url, target, target_url)
    )
    if not (source or source_url):
        raise _FACE.missing()
    if not (target or target_url):
        raise _TARGET.missing()
    same_data = source and source == target
    same_link = not (source or target) and source_url == target_url
    if same_data or same_link:
        raise InvalidRequest(
            "人脸图片和目标图片不能相同", "Face and target must be two pictures"
        )
    read = partial(_picture, caller, settings.max_bytes)

    def brought() -> list[Brought]:
        return [
            read(source, source_url, InputRole.FACE, _FACE),
            read(target, target_url, InputRole.SWAPPED, _TARGET),
        ]

    return _write(caller, settings, PICTURE, brought)


def submit_video_swap(
    *,
    caller: Caller,
    source: str = "",
    source_url: str = "",
    video: bytes | None = None,
    video_url: str = "",
) -> Submitted:
    """Write a swap of a face into a video. Raises Refused with the reason."""
    settings = _open(caller, VIDEO)
    source, source_url, video_url = map(str.strip, (source, source_url, video_url))
    if not (source or source_url):
        raise _FACE.missing()
    if video is None and not video_url:
        raise _VIDEO.missing()

    def brought() -> list[Brought]:
        most = settings.max_bytes
        face = _picture(caller, most, source, source_url, InputRole.FACE, _FACE)
        return [face, _video(most, video, video_url)]

    return _write(caller, settings, VIDEO, brought)


def _open(caller: Caller, kind: SwapKind) -> SwapSettings:
    """Return the settings if this caller may swap now. Raises InvalidRequest."""
    settings = swap_settings()
    if not is_served(kind, settings):
        raise InvalidRequest("服务不支持", "Face swap is not served here")
    if not allowed(caller.user.pk).may_swap_faces:
        if kind is VIDEO:
            raise InvalidRequest(
                "由于国家法律和安全问题，视频换脸暂不对访客开放，如有需求请联系管理员",
                "You may not swap faces; contact the administrator",
            )
        raise InvalidRequest(
            "账号无换脸权限，如有需求请联系管理员",
            "You may not swap faces; contact the administrator",
        )
    return settings


def _write(
    caller: Caller,
    settings: SwapSettings,
    kind: SwapKind,
    brought: Callable[[], list[Brought]],
) -> Submitted:
    caller = replace(caller, mode="")  # it has no speed
    if earlier := replayed(caller):
        return earlier
    check_quotas(caller.user, caller.key_id, kind.action)
    face, target = brought()
    task = new_task(caller, kind.action, BotType.INSIGHT_FACE)
    task.swap_source, task.swap_target = face.url, target.url
    task.description = f"/swap {task.pk}"
    task.deadline_at = timezone.now() + queue.longest_wait(kind, settings)
    seat = partial(queue.take_place, kind, task)
    return write(caller, task, [face, target], seat=seat)


def _picture(
    caller: Caller, most: int, data: str, url: str, role: InputRole, words: _Words
) -> Brought:
    """Return a picture as base64, data URL or link. Raises InvalidRequest."""
    if not data and not _WEB.match(url):
        raise words.bad_url("not a web address")
    if len(data) > most * 4 // 3 + 1024:
        raise words.too_large(TooLarge(most))
    try:
        found = inputs.read(data or url, role, viewer=caller.viewer)
        if found.body:
            files.checked_picture(found.body, most)
    except TooLarge as exc:
        raise words.too_large(exc) from exc
    except InvalidRequest as exc:
        raise (words.wrong(exc) if data else words.bad_url(exc.en)) from exc
    return found


def _video(most: int, body: bytes | None, url: str) -> Brought:
    if body is None:
        if not _WEB.match(url):
            raise _VIDEO_FILE.bad_url("not a web address")
        try:
            inputs.check_link(url)
        except InvalidRequest as exc:
            raise _VIDEO_FILE.bad_url(exc.en) from exc
        return Brought(InputRole.SWAPPED, url=url)
    try:
        kind = files.checked_video(body, most)
    except TooLarge as exc:
        raise _VIDEO_FILE.too_large(exc) from exc
    except InvalidRequest as exc:
        raise _VIDEO_FILE.wrong(exc) from exc
    return Brought(InputRole.SWAPPED, body=body, content_type=kind)
