"""Refusals of requests: the code, and a text in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from django.utils import timezone

from mjproxy.lib.process.bulkhead import RETRY_AFTER
from tasks.enums import ReturnCode


class Refused(Exception):
    """A refusal, returned as a submit response with `code`; nothing was changed."""

    code = ReturnCode.VALIDATION_ERROR
    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, zh: str, en: str, **properties: Any) -> None:
        super().__init__(en)
        self.zh, self.en, self.properties = zh, en, properties


def _minute_from(until: datetime) -> str:
    """Return the whole minute at or after a moment; an earlier one is too early."""
    minute = until + timedelta(seconds=59, microseconds=999_999)
    return f"{minute.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class InvalidRequest(Refused):
    """Wrong parameters, or a task in the wrong state."""


class BannedPrompt(Refused):
    code = ReturnCode.BANNED_PROMPT

    def __init__(self, *, word: str, prompt: str) -> None:
        super().__init__(
            "可能包含敏感词",
            "May contain sensitive words",
            promptEn=prompt,
            bannedWord=word,
        )


class ParentNotFound(Refused):
    code = ReturnCode.NOT_FOUND
    status = 404

    def __init__(self) -> None:
        super().__init__(
            "关联任务不存在或已失效", "Related task does not exist or has expired"
        )


class NoAccount(Refused):
    """No account can take the task; the text says why the nearest one cannot."""

    code = ReturnCode.NOT_FOUND

    def __init__(self, zh: str = "", en: str = "", **properties: Any) -> None:
        super().__init__(
            f"无可用的账号实例：{zh}" if zh else "无可用的账号实例",
            f"No account instance available: {en}"
            if en
            else "No account instance available",
            **properties,
        )


class QueueFull(Refused):
    code = ReturnCode.QUEUE_REJECTED

    def __init__(self, **properties: Any) -> None:
        super().__init__(
            "队列已满，请稍后尝试", "The queue is full, retry later", **properties
        )


class ShareUsedUp(QueueFull):
    """This user has the most waiting tasks that they may have."""

    def __init__(self, most: int) -> None:
        Refused.__init__(
            self,
            f"队列数已达上限（{most}个），请稍后尝试",
            f"You have as many tasks waiting as you may ({most}), retry later",
            limit=most,
        )


class DrawingsUsedUp(Refused):
    """The user or the key has made as many drawings as it may."""

    def __init__(self, zh: str, en: str, most: int, until: datetime | None) -> None:
        if until is None:
            super().__init__(f"{zh}（{most}张）", f"{en} ({most})", limit=most)
            return
        moment = _minute_from(until)
        super().__init__(
            f"{zh}（{most}张），{moment} 后可继续",
            f"{en} ({most}); more may be made after {moment}",
            limit=most,
            retryAt=int(until.timestamp() * 1000),
        )
        seconds = ceil((until - timezone.now()).total_seconds())
        self.headers = {"Retry-After": str(max(1, seconds))}


class LockedOut(Refused):
    """Too many of the user's or the address's drawings were refused by moderation."""

    def __init__(self, until: datetime) -> None:
        moment = _minute_from(until)
        super().__init__(
            f"账号已被临时封锁，请勿使用违规词作图，{moment} 后可继续",
            "Locked out because Midjourney's moderation has refused too many drawings; "
            f"more may be made after {moment}",
            retryAt=int(until.timestamp() * 1000),
        )
        seconds = ceil((until - timezone.now()).total_seconds())
        self.headers = {"Retry-After": str(max(1, seconds))}


class CreditsUsedUp(Refused):
    """The user has fewer credits than the task costs."""

    def __init__(self, price: int, balance: int) -> None:
        super().__init__(
            f"积分不足（需要 {price}，余额 {balance}）",
            f"Too few credits: it costs {price}, and you have {balance}",
            price=price,
            balance=balance,
        )


class SpeedNotAllowed(Refused):
    """The user may not draw at the speed that was asked for, or no account can."""

    def __init__(self, speeds: Sequence[str]) -> None:
        super().__init__(
            f"账号无权限使用该速度，可用速度：{'、'.join(speeds)}",
            f"Drawing at this speed is not allowed here, only at {' or '.join(speeds)}",
        )


class BotNotAllowed(Refused):
    """The user may not draw with this bot."""

    def __init__(self, bot: str, bots: Sequence[str]) -> None:
        super().__init__(
            f"账号无权限使用 {bot}，可用：{'、'.join(bots)}",
            f"You may not draw with {bot}, only with {' or '.join(bots)}",
        )


class ClockIsWrong(Refused):
    """The clocks of this machine and the database differ; its times would be wrong."""

    code = ReturnCode.FAILURE
    status = 503

    def __init__(self, how: str) -> None:
        super().__init__(
            "服务器时钟不准，暂时无法提交，请稍后尝试",
            f"The server's clock is {how}, retry later",
        )


class PicturesUsedUp(QueueFull):
    """The user's unfinished tasks hold the most input pictures that one may have."""

    def __init__(self, most: str) -> None:
        Refused.__init__(
            self,
            f"您未完成任务的图片已达上限（{most}），请稍后尝试",
            f"Your open tasks hold as many pictures as one user's may ({most}), "
            "retry later",
        )


class Overloaded(QueueFull):
    """Too many requests wait for an external host; retrying in seconds may work."""

    status = 503
    headers = {"Retry-After": str(RETRY_AFTER)}


class ErrandsUsedUp(QueueFull):
    """This user has the most open errands that one may have."""

    def __init__(self, most: int) -> None:
        Refused.__init__(
            self,
            f"您进行中的请求已达上限（{most}个），请稍后尝试",
            f"You have as many uploads, seeds and presses open as one user may "
            f"({most}), retry later",
        )


class NothingShortened(Refused):
    code = ReturnCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "未找到 Shortened prompts", "The task holds no such shortened prompt"
        )


class ClientDisconnected(Refused):
    """The client has disconnected, so it could not receive the task's id."""

    def __init__(self) -> None:
        super().__init__("客户端已断开", "The client has gone")
