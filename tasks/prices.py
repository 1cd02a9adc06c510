"""Prices of tasks, in credits. Without a price that fits, a task is free."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.enums import SpeedMode
from accounts.models import User
from accounts.models.limits import BOTS
from tasks.enums import SWAPS, BotType, TaskAction
from tasks.models import Price, Task
from tasks.prompts.sent_text import sends_prompt, sent_text, wanted_speed
from tasks.prompts.text import speed_in
from tasks.snapshots import prices


def price_of(task: Task) -> int:
    """Return the price of a task at its account; operators pay nothing."""
    rows = prices()
    if not rows or task.owner.is_staff:
        return 0
    return price_in(rows, task.action, speed_of(task), task.bot_type)


def price_in(rows: Iterable[Price], action: str, speed: str, bot: str) -> int:
    """Return the most specific price: the one with the fewest empty fields.

    Of two with as many, the one for the action counts, then the one for the speed.
    """
    fitting = [
        row
        for row in rows
        if row.action in ("", action)
        and row.speed in ("", speed)
        and row.bot in ("", bot)
    ]
    if not fitting:
        return 0
    return max(fitting, key=_order).credits


def _order(row: Price) -> tuple[int, bool, bool]:
    filled = [bool(row.action), bool(row.speed), bool(row.bot)]
    return sum(filled), filled[0], filled[1]


def speed_of(task: Task) -> str:
    """Return the speed at which a task will be drawn, as far as it is known.

    Flags in the prompt count, and the account's own speed. If nothing names one, it is
    FAST, as at Midjourney.
    """
    account, speed = task.account, task.mode
    if account:
        speed = wanted_speed(account, task)
        if sends_prompt(task):
            speed = speed_in(sent_text(account, task.prompt_en, task.mode))
    return speed or SpeedMode.FAST


def lowest(user: User, action: TaskAction) -> int:
    """Return the lowest price that a task of an action may have for a user."""
    rows = prices()
    if not rows or user.is_staff:
        return 0
    bots = (BotType.INSIGHT_FACE,) if action in SWAPS else BOTS
    kinds = [(speed, bot) for speed in SpeedMode for bot in bots]
    return min(price_in(rows, action, speed, bot) for speed, bot in kinds)
