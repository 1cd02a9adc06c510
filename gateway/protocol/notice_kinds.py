"""Table of Midjourney's known notices (docs/protocol.md, notices)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


class TaskEffect(enum.Enum):
    """Effect of a notice on the task that it answers."""

    FAIL = enum.auto()
    WAIT = enum.auto()  # the job goes on, later
    AGAIN = enum.auto()  # nothing was started: the task waits and is sent again


class AccountEffect(enum.Enum):
    """Effect of a notice on the account, with or without a task."""

    NONE = enum.auto()
    FAST_EXHAUSTED = enum.auto()
    PAUSE = enum.auto()  # until a person has acted
    BLOCK = enum.auto()  # until the moment that it names, else until a person has acted
    VERIFY = enum.auto()  # until a person has passed the verification
    NO_PLAN = enum.auto()  # until the plan is renewed


@dataclass(frozen=True)
class NoticeKind:
    """One kind of notice: how it is recognised, its effects, and its texts for people.

    `titles` and `texts` are beginnings, in lower case and without punctuation. `texts`
    match plain content only.
    """

    name: str
    zh: str
    en: str
    titles: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    task: TaskEffect = TaskEffect.FAIL
    account: AccountEffect = AccountEffect.NONE
    # AGAIN: pause before the next try, longer each time; None: the notice names it.
    rest: timedelta | None = None
    # Instruction for the operator, before the account can go on.
    todo_zh: str = ""
    todo_en: str = ""


# Midjourney also asks for it by a page that opens without a message.
VERIFICATION: Final = NoticeKind(
    "verification",
    "账号需要人工验证",
    "Midjourney asks for a human verification",
    titles=("action required to continue", "please complete the task"),
    account=AccountEffect.VERIFY,
    todo_zh="请在 Discord 中完成验证，然后启用账号",
    todo_en="pass it in Discord, then enable the account",
)
# The first row that fits wins.
KINDS: Final = (
    NoticeKind(
        "queued",
        "任务在 Midjourney 排队",
        "Midjourney has queued the job",
        titles=("job queued",),
        task=TaskEffect.WAIT,
    ),
    NoticeKind(
        "queue_full",
        "Midjourney 队列已满",
        "Midjourney's queue for this account is full",
        titles=("queue full",),
        task=TaskEffect.AGAIN,
        rest=timedelta(seconds=15),
    ),
    NoticeKind(
        "outage",
        "Midjourney 暂不可用",
        "Midjourney is not available at the moment",
        titles=("maintenance", "midjourney is temporarily unavailable"),
        task=TaskEffect.AGAIN,
        rest=timedelta(minutes=1),
    ),
    NoticeKind(
        "duplicate_action",
        "操作过于频繁",
        "asked too often for the same picture",
        titles=("slow down",),
        task=TaskEffect.AGAIN,
    ),
    NoticeKind(
        "invalid_parameter",
        "参数错误",
        "Midjourney does not accept a parameter",
        titles=("invalid parameter", "invalid value"),
    ),
    NoticeKind(
        "invalid_link",
        "图片链接无效",
        "Midjourney cannot read a picture's link",
        titles=("invalid link", "could not validate this link"),
    ),
    NoticeKind(
        "duplicate_images",
        "图片重复",
        "the pictures must differ from each other",
        titles=("duplicate images",),
    ),
    NoticeKind(
        "invalid_prompt",
        "提示词无效",
        "Midjourney does not accept the prompt",
        titles=("invalid", "empty prompt", "prompt too long"),
    ),
    NoticeKind(
        "banned_prompt",
        "提示词或图片被禁止",
        "Midjourney bans the prompt or its picture",
        titles=("banned prompt", "banned image prompt"),
    ),
    NoticeKind(
        "soft_banned",
        "提示词可能违规",
        "Midjourney's moderators doubt the prompt; nothing appeals by itself",
        titles=("action needed to continue",),
    ),
    NoticeKind(
        "appeal_accepted",
        "申诉已通过",
        "the appeal was accepted",
        titles=("appeal accepted",),
        task=TaskEffect.WAIT,
    ),
    NoticeKind(
        "appeal_rejected",
        "申诉被驳回",
        "the appeal was rejected",
        titles=("appeal rejected",),
    ),
    NoticeKind(
        "moderated",
        "图片未通过审核",
        "Midjourney's filters hold the picture back",
        titles=(
            "image denied",
            "request cancelled due to",
            "request canceled due to",
        ),
    ),
    NoticeKind(
        "internal",
        "Midjourney 内部错误",
        "an error inside Midjourney, try again later",
        titles=(
            "sorry could not complete the job",
            "sorry something went wrong",
            "internal error",
            "internal server error",
        ),
        texts=("failed to process your command", "there was an error processing"),
    ),
    NoticeKind(
        "restricted",
        "账号的套餐或速度不允许该操作",
        "not allowed with this account's plan or speed",
        titles=("job action restricted",),
    ),
    NoticeKind(
        "fast_exhausted",
        "账号用量已经用完",
        "the account's fast time is used up",
        titles=("credits exhausted",),
        account=AccountEffect.FAST_EXHAUSTED,
        todo_zh="此后以 RELAX 速度绘图，购买时长后请清除标记",
        todo_en="it draws in relax mode now; buy time, then clear its mark",
    ),
    NoticeKind(
        "no_subscription",
        "账号没有有效订阅",
        "the account has no active plan",
        titles=(
            "subscription required",
            "subscription paused",
            "plan cancelled",
            "plan canceled",
            "trial ended",
        ),
        account=AccountEffect.NO_PLAN,
        todo_zh="请续订套餐，然后启用账号",
        todo_en="renew the plan, then enable the account",
    ),
    NoticeKind(
        "mod_message",
        "账号有待确认的管理消息",
        "a moderator's message waits for the account's owner",
        titles=("pending mod message",),
        account=AccountEffect.PAUSE,
        todo_zh="请在 Discord 中阅读并确认，然后启用账号",
        todo_en="read and acknowledge it in Discord, then enable the account",
    ),
    NoticeKind(
        "blocked",
        "账号被 Midjourney 封锁",
        "Midjourney has blocked the account",
        titles=("blocked", "you have been blocked"),
        account=AccountEffect.BLOCK,
        todo_zh="请联系 Midjourney，解封后启用账号",
        todo_en="ask Midjourney, and enable the account when the block is lifted",
    ),
    VERIFICATION,
    NoticeKind(
        "tos",
        "账号未接受服务条款",
        "the account has not accepted the terms of service",
        titles=("tos not accepted",),
        account=AccountEffect.PAUSE,
        todo_zh="请在 Discord 中阅读并接受，然后启用账号",
        todo_en="read and accept them in Discord, then enable the account",
    ),
    NoticeKind(
        "abuse",
        "账号触发滥用警报",
        "Midjourney has raised an abuse alert",
        texts=("you have triggered an abuse alert",),
        account=AccountEffect.PAUSE,
        todo_zh="请检查账号最近的绘图，然后启用账号",
        todo_en="look at what the account drew, then enable it",
    ),
)
# Colours of errors: an unknown title in one of them is UNKNOWN_ERROR.
RED: Final = frozenset({16711680, 15548997})
UNKNOWN_ERROR: Final = NoticeKind(
    "unknown_error", "Midjourney 报告错误", "Midjourney reports an error"
)
