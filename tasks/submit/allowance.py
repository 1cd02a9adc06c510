"""Keep what a user and a key may draw: numbers, waiting tasks, speeds, bots.

Numbers are exact: each submit counts last in its transaction, and locks the meter of
its user (docs/adr/0034). What is refused is undone with the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from django.utils import timezone

from accounts.choice.rules import gives_now
from accounts.credits import ledger
from accounts.limits import meter
from accounts.limits.allowed import allowed, key_limits
from accounts.limits.meter import NO_LIMIT, Drawn, Most, nothing_counted
from accounts.limits.periods import end_of_day, end_of_month
from accounts.models import DiscordAccount, User
from accounts.models.limits import BOTS
from tasks import prices
from tasks.enums import SWAPS, TIMELESS, BotType, TaskAction
from tasks.exceptions import (
    BotNotAllowed,
    CreditsUsedUp,
    DrawingsUsedUp,
    ShareUsedUp,
    SpeedNotAllowed,
)
from tasks.load import waiting_of_user
from tasks.models import Task
from tasks.submit.account import Wanted

Begun = Callable[[], Drawn | None]  # returns what is counted already
EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Quota:
    """A number of drawings that may be made, and what is used of it.

    `until` is the time at which it begins anew, None: never.
    """

    zh: str
    en: str
    most: int
    used: int
    until: datetime | None = None

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a response; the reset is in seconds since 1970."""
        found = {
            "X-RateLimit-Limit": str(self.most),
            "X-RateLimit-Remaining": str(self.left),
        }
        if self.until:
            found["X-RateLimit-Reset"] = str(int(self.until.timestamp()))
        return found


@dataclass(frozen=True)
class _Counted:
    """A meter with its limits: that of a user, or of a key."""

    id: int
    counting: Callable[..., Drawn | None]
    reading: Callable[[int, date], Drawn]
    texts: tuple[tuple[str, str], ...]  # of the total, the month, the day
    in_total: int | None
    of_month: int | None
    of_day: int | None

    @property
    def most(self) -> Most:
        return Most(
            self.of_day or NO_LIMIT,
            self.of_month or NO_LIMIT,
            self.in_total or NO_LIMIT,
        )

    def count(self, day: date, begun: Drawn | None = None, **pay: int) -> list[Quota]:
        """Count a drawing; return the quotas after it. Raises DrawingsUsedUp.

        `begun` are the numbers if it is counted already. With `price` the user pays;
        raises CreditsUsedUp.
        """
        drawn = begun or self._counted(day, **pay)
        while drawn is None:
            # If there is room now, another drawing was given back since.
            check(self.now(day))
            check_credits(self.id, pay.get("price", 0))
            drawn = self._counted(day, **pay)
        return self._quotas(day, drawn)

    def _counted(self, day: date, **pay: int) -> Drawn | None:
        return self.counting(self.id, day, most=self.most, **pay)

    def now(self, day: date) -> list[Quota]:
        """Return the quotas as they are now, those that last longest first."""
        if not (self.in_total or self.of_month or self.of_day):
            return []
        return self._quotas(day, self.reading(self.id, day))

    def _quotas(self, day: date, drawn: Drawn) -> list[Quota]:
        numbers = (
            (self.in_total, drawn.in_total, None),
            (self.of_month, drawn.of_month, end_of_month(day)),
            (self.of_day, drawn.of_day, end_of_day(day)),
        )
        return [
            Quota(*texts, most, used, until)
            for texts, (most, used, until) in zip(self.texts, numbers, strict=True)
            if most
        ]


def _of_key(key_id: int) -> _Counted:
    key = key_limits(key_id)
    numbers = key.drawings_in_total, None, key.drawings_a_day
    by_key = meter.count_for_key, meter.drawn_with_key
    return _Counted(key_id, *by_key, _OF_KEY, *numbers)


def _of_user(user_id: int) -> _Counted:
    own = allowed(user_id)
    limits = own.drawings_in_total, own.drawings_a_month, own.drawings_a_day
    return _Counted(user_id, meter.count, meter.drawn, _OF_USER, *limits)


_OF_USER: Final = (
    ("总绘图次数已达上限", "All drawings that this user may make are made"),
    ("用户本月绘图次数已达上限", "The drawings of this user for the month are made"),
    ("用户今日绘图次数已达上限", "The drawings of this user for the day are made"),
)
_OF_KEY: Final = (
    ("该密钥总绘图次数已达上限", "All drawings that this key may make are made"),
    ("该密钥本月绘图次数已达上限", "The drawings of this key for the month are made"),
    ("该密钥今日绘图次数已达上限", "The drawings of this key for the day are made"),
)


def check_quotas(user: User, key_id: int | None, action: TaskAction) -> None:
    """Refuse early what is certainly refused later.

    Raises DrawingsUsedUp, and CreditsUsedUp where the lowest price is too high.
    """
    today = timezone.localdate()
    quotas = _of_user(user.pk).now(today)
    if key_id is not None:
        quotas += _of_key(key_id).now(today)
    check(quotas)
    check_credits(user.pk, prices.lowest(user, action))


def check_credits(user_id: int, price: int) -> None:
    """Raise CreditsUsedUp for a price that is higher than the user's balance."""
    if price and (balance := meter.balance(user_id)) < price:
        raise CreditsUsedUp(price, balance)


def check(quotas: Iterable[Quota]) -> None:
    """Raise DrawingsUsedUp for the quota without room that lasts longest."""
    full = [quota for quota in quotas if not quota.left]
    if not full:
        return
    longest = max(full, key=lambda quota: (quota.until is None, quota.until or EVER))
    refusal = DrawingsUsedUp(longest.zh, longest.en, longest.most, longest.until)
    refusal.headers = {**refusal.headers, **longest.headers}
    raise refusal


@dataclass(frozen=True)
class Charge:
    """Where a task counts and what it costs, as columns of the task."""

    key_id: int | None
    counted_on: date | None = None  # None: it is no drawing, or not to be sent yet
    key_counted: bool = False
    price: int = 0


def charge(action: str, key_id: int | None) -> Charge:
    """Return where a task that is to be sent counts: with its key only if limited.

    The price is known once the task has an account.
    """
    if action in TIMELESS:
        return Charge(key_id)
    limited = key_id is not None and any(astuple(key_limits(key_id)))
    return Charge(key_id, timezone.localdate(), limited)


def begin(task: Task, charged: Charge) -> Begun:
    """Begin to count a task in the round trip that writes it, if one UPDATE counts it.

    No statement may follow that locks a row, so tasks with pictures are not begun. The
    result is for `count`.
    """
    if not charged.counted_on or charged.key_counted or charged.price:
        return nothing_counted
    return meter.begin(task.owner_id, charged.counted_on, _of_user(task.owner_id).most)


def count(task: Task, charged: Charge, begun: Begun = nothing_counted) -> Quota | None:
    """Count and pay a written task that is to be sent; return the tightest quota.

    Call it last in the transaction that writes the task. Raises DrawingsUsedUp,
    CreditsUsedUp, ShareUsedUp.
    """
    user_id, price = task.owner_id, charged.price
    waiting, quotas = allowed(user_id).waiting_at_once, list[Quota]()
    if price:
        ledger.reserve(user_id, task.pk, price)
    if charged.counted_on:
        if charged.key_id is not None and charged.key_counted:
            # First, so that all lock in the same order.
            quotas += _of_key(charged.key_id).count(charged.counted_on)
        own = _of_user(user_id)
        quotas += own.count(charged.counted_on, begun(), price=price)
    elif waiting or price:
        _pay(user_id, price)  # locks the meter
    if waiting and waiting_of_user(user_id) > waiting:
        raise ShareUsedUp(waiting)
    return min(quotas, key=lambda quota: quota.left, default=None)


def _pay(user_id: int, price: int) -> None:
    """Pay what counts as no drawing. Raises CreditsUsedUp."""
    today = timezone.localdate()
    while meter.count(user_id, today, drawings=0, price=price) is None:
        check_credits(user_id, price)


# --- bots and speeds ------------------------------------------------------------------


def check_bot(user: User, bot_type: BotType) -> None:
    """Raise BotNotAllowed for a bot that a user may not draw with."""
    bots = allowed(user.pk).bots
    if bots and bot_type in BOTS and bot_type not in bots:
        raise BotNotAllowed(bot_type, bots)


def keep_speed(
    task: Task, at: Wanted | DiscordAccount | None
) -> Wanted | DiscordAccount | None:
    """Let a new task be drawn only at speeds that its owner may draw at.

    Returns the wishes for its account with these speeds. With a given account the task
    gets one that the account draws at. Raises SpeedNotAllowed.
    """
    speeds = allowed(task.owner_id).speeds
    if not speeds or task.action in TIMELESS or task.action in SWAPS:
        return at
    asked = at.modes if isinstance(at, Wanted) else (task.mode,) if task.mode else ()
    modes = tuple(mode for mode in asked or speeds if mode in speeds)
    if isinstance(at, Wanted):
        if not modes:
            raise SpeedNotAllowed(speeds)
        return replace(at, modes=modes)
    account = at or task.account
    given = [mode for mode in modes if account and gives_now(account, mode)]
    if not given:
        raise SpeedNotAllowed(speeds)
    task.mode = given[0]
    return at
