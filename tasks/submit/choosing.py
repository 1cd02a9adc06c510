"""Which account draws a new task, and at which speed (docs/api.md, account filter)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet

from accounts.balancing import best_wait_idle, has_room
from accounts.enums import SpeedMode
from accounts.exceptions import NoAccountAvailable
from accounts.models import DiscordAccount
from accounts.selectors import alive_accounts, for_choice
from tasks.enums import BotType, TaskAction
from tasks.exceptions import NoAccount
from tasks.selectors import load
from tasks.submit.base import check_room

_FEATURES: Final = {
    TaskAction.BLEND: "is_blend",
    TaskAction.DESCRIBE: "is_describe",
    TaskAction.SHORTEN: "is_shorten",
}
_COSTLY: Final = frozenset({SpeedMode.FAST, SpeedMode.TURBO})


@dataclass(frozen=True)
class Wanted:
    """What a request wants of its account. Everything empty means: any.

    Of `modes` the first one that an account can give is the speed that is drawn with.
    """

    instance_id: str = ""
    modes: tuple[str, ...] = ()
    remix: bool | None = None
    niji_remix: bool | None = None
    remix_auto_considered: bool | None = None
    remark: str = ""


@dataclass(frozen=True)
class Chosen:
    account: DiscordAccount
    ahead: int  # tasks that wait for it
    mode: str  # the speed to draw with, "" where the account decides


def choose(action: TaskAction, bot_type: BotType, wanted: Wanted) -> Chosen:
    """Return an account for a new task. Raises NoAccount, QueueFull."""
    pool = [a for a in _able(action, bot_type, wanted) if _fits_remix(a, wanted)]
    mode, pool = _by_speed(pool, wanted.modes)
    running, queued = load()
    roomy = [a for a in pool if has_room(a, waiting=queued.get(a.pk, 0))]
    try:
        account = best_wait_idle(roomy or pool, running=running, waiting=queued)
    except NoAccountAvailable:
        raise NoAccount from None
    ahead = queued.get(account.pk, 0)
    check_room(account, ahead)
    return Chosen(account, ahead, mode)


def any_account(wanted: Wanted) -> DiscordAccount | None:
    """Return an account that can reach Discord, whatever it may draw."""
    accounts = for_choice(alive_accounts())
    if wanted.instance_id:
        accounts = accounts.filter(channel_id=wanted.instance_id)
    running, queued = load()
    try:
        return best_wait_idle(accounts, running=running, waiting=queued)
    except NoAccountAvailable:
        return None


def choose_among(
    accounts: Q, bot_type: BotType, wanted: Wanted
) -> DiscordAccount | None:
    """Return one of these accounts to press a button, or None where none can."""
    able = _able(TaskAction.ACTION, bot_type, wanted).filter(accounts)
    _, pool = _by_speed([a for a in able if _fits_remix(a, wanted)], wanted.modes)
    running, queued = load()
    try:
        return best_wait_idle(pool, running=running, waiting=queued)
    except NoAccountAvailable:
        return None


def _able(
    action: TaskAction, bot_type: BotType, wanted: Wanted
) -> QuerySet[DiscordAccount]:
    niji = bot_type == BotType.NIJI_JOURNEY
    able: dict[str, Any] = {"enable_niji" if niji else "enable_mj": True}
    if feature := _FEATURES.get(action):
        able[feature] = True
    if wanted.instance_id:
        able["channel_id"] = wanted.instance_id
    if wanted.remark:
        able["remark__contains"] = wanted.remark
    if wanted.remix_auto_considered is not None:
        able["remix_auto_submit"] = wanted.remix_auto_considered
    return for_choice(alive_accounts()).filter(**able)


def _fits_remix(account: DiscordAccount, wanted: Wanted) -> bool:
    """Tell whether remix is as wanted: on, or answered by a person; or off."""
    asked = (
        (wanted.remix, account.mj_remix_on),
        (wanted.niji_remix, account.niji_remix_on),
    )
    asks = not account.remix_auto_submit
    return all(want is None or ((on or asks) if want else not on) for want, on in asked)


def _by_speed(
    pool: Iterable[DiscordAccount], modes: tuple[str, ...]
) -> tuple[str, list[DiscordAccount]]:
    """Return the first of `modes` that somebody can give, and who can."""
    found = list(pool)
    if not modes:
        return "", found
    for mode in modes:
        if able := [account for account in found if gives(account, mode)]:
            return mode, able
    return modes[0], []


def gives(account: DiscordAccount, mode: str) -> bool:
    """Tell whether the account draws at this speed."""
    if account.mode and account.mode != mode:
        return False
    if account.fast_exhausted and mode in _COSTLY:
        return False
    return not account.allow_modes or mode in account.allow_modes
