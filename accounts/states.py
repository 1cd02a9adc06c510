"""TABLE and MOVES: the states of an account, and the moves between them.

Without database access; only `accounts.state.changes` moves accounts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from accounts.enums import AccountState

FOREVER: Final = datetime.max.replace(tzinfo=UTC)
# A shorter loss of the connection gets no row of history.
WORTH_NOTING: Final = timedelta(minutes=1)
# The highest weight of a state with an end, so that it stays below the troubles a
# person must end.
_WITH_END: Final = 2


class Actor(enum.Enum):
    """The party that must act before the account draws again."""

    NOBODY = "无需操作", "nobody"
    TIME = "自动恢复", "nobody: it goes on by itself"
    OPERATOR = "需要人工处理", "you"


@dataclass(frozen=True)
class Row:
    """The properties of a state, for its account and its tasks."""

    weight: int  # of two states the heavier one holds
    actor: Actor
    zh: str  # what to do, or what happens next
    en: str
    takes_new: bool = False  # new tasks may be given to it, and wait for it
    has_socket: bool = True  # False: a socket only while one of its tasks runs
    watches: bool = True  # running tasks can still end well


TABLE: Final[Mapping[AccountState, Row]] = {
    AccountState.READY: Row(0, Actor.NOBODY, "账号正常", "it draws", takes_new=True),
    AccountState.CONNECTING: Row(
        0, Actor.TIME, "正在连接 Discord", "it connects to Discord", takes_new=True
    ),
    AccountState.DISCONNECTED: Row(
        0, Actor.TIME, "自动重连", "it connects again by itself", takes_new=True
    ),
    AccountState.RESTING: Row(
        1,
        Actor.TIME,
        "工作时间开始时自动恢复",
        "it comes back when its work hours begin",
        has_socket=False,
    ),
    AccountState.VERIFICATION: Row(
        3,
        Actor.OPERATOR,
        "请以该账号完成人工验证，然后点击“已完成”或启用账号",
        "pass the verification as this account, then press done, or enable it",
    ),
    AccountState.NO_SUBSCRIPTION: Row(
        4,
        Actor.OPERATOR,
        "请续订套餐，然后启用账号",
        "renew the plan, then enable the account",
    ),
    AccountState.PAUSED: Row(
        5,
        Actor.OPERATOR,
        "请按原因处理，然后启用账号",
        "do what the reason says, then enable the account",
    ),
    AccountState.BLOCKED: Row(
        6,
        Actor.OPERATOR,
        "请联系 Midjourney，解封后启用账号",
        "ask Midjourney, and enable the account when the block is lifted",
    ),
    AccountState.INVALID_TOKEN: Row(
        7,
        Actor.OPERATOR,
        "请填写新的用户令牌",
        "enter a new user token, then enable the account",
        has_socket=False,
        watches=False,
    ),
    AccountState.DISABLED: Row(
        8,
        Actor.NOBODY,
        "账号已被停用，需要时请启用",
        "it was switched off; enable it when it shall draw",
        has_socket=False,
    ),
}


def _having(**traits: object) -> frozenset[AccountState]:
    return frozenset(
        state
        for state, row in TABLE.items()
        if all(getattr(row, name) == value for name, value in traits.items())
    )


# States of the connection.
ROUTINE: Final = _having(weight=0)
TAKE_NEW: Final = _having(takes_new=True)
WITHOUT_SOCKET: Final = _having(has_socket=False)
LOST: Final = _having(watches=False)
# States that an operator did not choose and must end.
TROUBLES: Final = _having(actor=Actor.OPERATOR)
_SCHEDULED: Final = frozenset({AccountState.CONNECTING, AccountState.RESTING})


@dataclass(frozen=True)
class Standing:
    """A state with its end; without an end it lasts until a person acts."""

    state: AccountState
    until: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor.TIME if self.until else TABLE[self.state].actor

    @property
    def weight(self) -> tuple[int, datetime]:
        weight = TABLE[self.state].weight
        if self.until is None:
            return weight, FOREVER
        return min(weight, _WITH_END), self.until


class Cause(enum.Enum):
    """Causes of a move."""

    GATEWAY = enum.auto()  # its connection opened or closed
    TROUBLE = enum.auto()  # Discord or Midjourney reported it
    HOURS = enum.auto()  # its work hours ended
    END = enum.auto()  # the end of its state has passed
    PERSON = enum.auto()  # a person enabled, disabled, saved or helped it


_ON: Final = frozenset(AccountState) - {AccountState.DISABLED}
# The source and target states of each cause.
_Ends = tuple[frozenset[AccountState], frozenset[AccountState]]
MOVES: Final[Mapping[Cause, _Ends]] = {
    Cause.GATEWAY: (ROUTINE, ROUTINE),
    Cause.TROUBLE: (_ON, TROUBLES),
    Cause.HOURS: (ROUTINE, frozenset({AccountState.RESTING})),
    Cause.END: (TROUBLES | {AccountState.RESTING}, _SCHEDULED),
    Cause.PERSON: (frozenset(AccountState), _SCHEDULED | {AccountState.DISABLED}),
}


def may_move(cause: Cause, now: Standing, then: Standing, moment: datetime) -> bool:
    """Tell whether an account may change from one standing to another at `moment`."""
    sources, targets = MOVES[cause]
    if now == then or now.state not in sources or then.state not in targets:
        return False
    match cause:
        case Cause.TROUBLE:
            return then.weight > now.weight
        case Cause.END:
            return now.until is not None and now.until <= moment
    return cause is Cause.PERSON or now.state != then.state


def is_history(
    now: AccountState, then: AccountState, since: datetime, moment: datetime
) -> bool:
    """Tell whether a move gets a row of history; short disconnections do not.

    A loss that lasted is recorded when the connection is back.
    """
    if now in ROUTINE and then in ROUTINE:
        return then == AccountState.READY and moment - since >= WORTH_NOTING
    return True


class Stands(Protocol):
    """The fields of an account that make up its standing."""

    state: str
    resume_at: datetime | None


def standing_of(account: Stands) -> Standing:
    return Standing(AccountState(account.state), account.resume_at)


def is_locked(account: Stands) -> bool:
    """Tell whether a person must verify the account; `lock` in the API."""
    return account.state == AccountState.VERIFICATION


def who_must_act(account: Stands) -> str:
    """Return who must act, in both languages."""
    return " / ".join(standing_of(account).actor.value)


def next_step(account: Stands) -> str:
    """Return what must be done or happens next, in both languages."""
    standing = standing_of(account)
    if standing.until:
        moment = f"{standing.until:%Y-%m-%d %H:%M} UTC"
        return f"{moment} 自动恢复 / it goes on by itself at {moment}"
    row = TABLE[standing.state]
    return f"{row.zh} / {row.en}"
