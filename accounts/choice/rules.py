"""Rules that an account must fulfil to be given a task, in order.

The same list filters the accounts and explains a refusal. Load and subjects are passed
in, because this module does not know tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from accounts import hours
from accounts.enums import AccountState, SpeedMode
from accounts.models import DiscordAccount
from accounts.states import TAKE_NEW

_COSTLY: Final = frozenset({SpeedMode.FAST, SpeedMode.TURBO})


@dataclass(frozen=True)
class Need:
    """The requirements of a task on its account. Empty fields require nothing.

    `instance_id` and `remark` may be expressions of a compiled query.
    """

    instance_id: str = ""
    remark: str = ""
    switches: tuple[str, ...] = ()  # fields of the account that must be on
    modes: tuple[str, ...] = ()
    remix: bool | None = None
    niji_remix: bool | None = None
    remix_auto: bool | None = None
    # Ids of the subjects of its prompt; None: subjects do not matter.
    subjects: tuple[int, ...] | None = None
    day: date | None = None  # set for a new drawing: hours and day limit apply
    closed: tuple[str, ...] = ()  # texts of work hours that exclude now
    room: bool = False  # the account needs space in its queue


@dataclass(frozen=True)
class Rule:
    """A condition on an account, and the text for `{who}` when it fails."""

    name: str
    holds: Q
    zh: str
    en: str


_SWITCHES: Final = {
    "enable_mj": ("bot", "Midjourney", "draw with Midjourney"),
    "enable_niji": ("bot", "niji", "draw with niji"),
    "is_blend": ("blend", "blend", "blend"),
    "is_describe": ("describe", "describe", "describe"),
    "is_shorten": ("shorten", "shorten", "shorten"),
}


def rules(need: Need) -> list[Rule]:
    """Return the rules for a need, the most decisive first.

    The room rule reads the annotations `load` and `waiting`, which the caller adds.
    """
    return [
        *_named(need),
        *_standing(),
        *(_switch(name) for name in need.switches),
        *_wishes(need),
        *_hours(need),
        *(_ROOM if need.room else ()),
    ]


def _named(need: Need) -> Iterator[Rule]:
    """Yield the rules for an account that was asked for by name."""
    if need.instance_id:
        yield Rule(
            "instance",
            Q(channel_id=need.instance_id),
            "没有该频道的账号",
            "none has the channel that was asked for",
        )
    if need.remark:
        yield Rule(
            "remark",
            Q(_holds(F("remark"), need.remark)),
            "没有符合备注的账号",
            "none has the remark that was asked for",
        )


def _standing() -> Iterator[Rule]:
    yield Rule("enabled", Q(enabled=True), "{who}已禁用", "{who} is disabled")
    yield Rule(
        "standing",
        Q(state__in=sorted({*TAKE_NEW, AccountState.RESTING})),
        "{who}暂不可用",
        "{who} is held up",
    )


def first_of(modes: Sequence[str]) -> Case:
    """Return the index of the first of `modes` that an account draws in."""
    cases = [When(gives(mode), then=Value(i)) for i, mode in enumerate(modes)]
    return Case(*cases, default=Value(len(modes)), output_field=IntegerField())


def gives(mode: str) -> Q:
    """Match the accounts that draw at this speed now."""
    allowed = Cast(F("allow_modes"), TextField())
    given = Q(mode__in=["", mode])
    given &= Q(allow_modes=[]) | Q(_holds(allowed, f'"{mode}"'))
    return given & Q(fast_exhausted=False) if mode in _COSTLY else given


def gives_now(account: DiscordAccount, mode: str) -> bool:
    """Tell whether a loaded account draws at this speed now, as `gives` does in SQL.

    A test compares the two.
    """
    given = account.mode in ("", mode)
    given = given and (not account.allow_modes or mode in account.allow_modes)
    return given and not (mode in _COSTLY and account.fast_exhausted)


def _switch(name: str) -> Rule:
    rule, zh, en = _SWITCHES[name]
    on = Q(**{name: True})
    return Rule(rule, on, f"{{who}}未启用 {zh}", f"{{who}} does not {en}")


def _wishes(need: Need) -> Iterator[Rule]:
    """Yield the rules for a client's wishes and for the subjects of its prompt."""
    if need.modes:
        yield Rule(
            "speed",
            reduce(or_, (gives(mode) for mode in need.modes)),
            f"没有账号可用 {'、'.join(need.modes)} 速度",
            f"{{who}} does not draw at {' or '.join(need.modes)} speed now",
        )
    remix = "没有账号符合所要的 remix 设置", "{who} has remix set otherwise"
    wishes = ("mj_remix_on", need.remix), ("niji_remix_on", need.niji_remix)
    for column, want in wishes:
        if want is not None:
            on = Q(**{column: True})
            # Remix windows open when remix is on, or are shown if nothing answers them
            # by itself.
            holds = on | Q(remix_auto_submit=False) if want else ~on
            yield Rule("remix", holds, *remix)
    if need.remix_auto is not None:
        yield Rule("remix", Q(remix_auto_submit=need.remix_auto), *remix)
    if need.subjects is not None:
        yield Rule(
            "subjects",
            _fits_subjects(need.subjects),
            "{who}只绘制其领域的内容",
            "{who} draws its own subjects only",
        )


def _hours(need: Need) -> Iterator[Rule]:
    """Yield the rules of work hours; for new drawings also idle hours and day limit."""
    working = ~Q(state=AccountState.RESTING)
    if need.closed:
        working &= ~Q(work_time__in=need.closed)
    yield Rule(
        "work_hours",
        working,
        "{who}不在工作时间",
        "{who} is outside its work hours",
    )
    if need.day:
        yield Rule(
            "idle_hours",
            Q(is_fishing=False),
            "{who}处于空闲时段，不接受新任务",
            "{who} is in its idle hours and draws nothing new",
        )
        yield Rule(
            "day_limit",
            below_day_limit(need.day),
            "{who}今日绘图次数已达上限",
            "{who} has drawn as much today as it may",
        )


def draws_new_now(account: DiscordAccount) -> bool:
    """Tell whether a loaded account may draw something new, as `_hours` does in SQL.

    Its state is ignored. A test compares the two.
    """
    working = not account.work_time or hours.covers(account.work_time, timezone.now())
    is_full = 0 <= account.day_draw_limit <= account.drawn_today
    return working and not account.is_fishing and not is_full


_ROOM: Final = (
    Rule(
        "room",
        # Cheap first: `waiting` is counted only where the load is high.
        Q(max_queue_size=0)
        | Q(load__lt=F("max_queue_size"))
        | Q(waiting__lt=F("max_queue_size")),
        "队列已满，请稍后尝试",
        "The queue is full, retry later",
    ),
)


def below_day_limit(day: date | Value) -> Q:
    """Match the accounts that may draw once more on this day."""
    unlimited = Q(day_draw_limit__lt=0)
    fresh = Q(day_draw_limit__gt=0) & ~Q(day=day)
    return unlimited | fresh | Q(day_draw_count__lt=F("day_draw_limit"))


def _fits_subjects(tags: Sequence[int]) -> Q:
    """Match accounts without subjects, and those that have one of `tags`."""
    anything = Q(is_vertical_domain=False)
    if not tags:
        return anything
    links = DiscordAccount.vertical_domains.through.objects.filter(
        discordaccount=OuterRef("pk"), domaintag__in=tags
    )
    return anything | Q(Exists(links))


def _holds(text: Any, part: str | Value) -> Any:
    """Match where `text` contains `part`, case-sensitively."""
    found: Any = part if isinstance(part, Value) else Value(part)
    return GreaterThan(StrIndex(text, found), 0)
