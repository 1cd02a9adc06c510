"""Choose the next task of a Discord user: free slots, held-back prompts, turns.

Rows of one Discord user (several channels of one account) share its slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db.models import (
    Count,
    Exists,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce

from accounts.enums import PriorityClass
from gateway.lanes import lane
from gateway.lanes.lane import Lane
from gateway.lanes.turns import Turns, Waiter, next_turn
from gateway.leases import is_open
from gateway.models import GatewaySession
from mjproxy.lib.db.claim import due, is_due
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import RUNNING, TERMINAL, TaskStatus
from tasks.load import full_among, full_users
from tasks.models import Task

# The columns that sending and the receivers of its signals need. All columns take twice
# as long. Another one is read when it is asked for.
_OF_TASK: Final = (
    *("owner", "account", "status", "action", "bot_type", "attempts", "not_before"),
    *("prompt_en", "mode", "shown_job_id", "custom_id", "window", "echo_key"),
    *("guild_id", "channel_id", "parent_message_id", "job_id", "cancel_requested_at"),
    *("hook_host", "parent", "parent__message_flags"),
)
_OF_SESSION: Final = (
    *("user_id", "session_id", "is_live", "holder", "lease_until", "revision"),
    *(
        f"account__{name}"
        for name in (
            *("enabled", "state", "revision", "guild_id", "channel_id"),
            *("core_size", "timeout_minutes", "interval"),
            *("after_interval_min", "after_interval_max"),
            *("mode", "allow_modes", "fast_exhausted", "enable_switch_speed"),
        )
    ),
)


# How many tasks of a user may run at once: the own number, else the group's.
_ROOM: Final = ("owner__running_at_once", "owner__group__running_at_once")
# The class of a user: the own one, else the group's.
_CLASS: Final = ("owner__priority", "owner__group__priority")


def _waiting(own: Q) -> QuerySet[Task]:
    return _with_parent(Task.objects.filter(own, prepared=True)).order_by("id")


def _with_parent(tasks: QuerySet[Task]) -> QuerySet[Task]:
    rows = tasks.filter(status=TaskStatus.NOT_START).select_related("parent")
    return rows.only(*_OF_TASK)


def _first_of(account_id: Any) -> QuerySet[Task]:
    """Return the first waiting tasks of an account, and what may hold them back.

    Usually one task waits. Two show that a choice may be needed.
    """
    beside = Task.objects.filter(account=OuterRef("account"), status__in=RUNNING)
    beside = beside.order_by()
    counted = beside.values("account").annotate(n=Count("pk")).values("n")
    same = {name: OuterRef(name) for name in ("echo_key", "bot_type")}
    return _waiting(Q(account=account_id)).annotate(
        busy=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        has_twin=Exists(beside.filter(job_id=None, **same)),
    )[:2]


_first_two: Final = CompiledQuery[Task](_first_of)
_by_id: Final = CompiledQuery[Task](lambda pk: _with_parent(Task.objects.filter(pk=pk)))


def _beside(account_id: Any) -> QuerySet[GatewaySession]:
    """Return the sessions of the account's Discord user, each with the lane."""
    own = GatewaySession.objects.filter(account=account_id).exclude(user_id="")
    rows = GatewaySession.objects.filter(user_id__in=own.values("user_id"))
    rows = rows.select_related("account").only(*_OF_SESSION).order_by("account")
    return rows.annotate(**lane.columns())


_sessions: Final = CompiledQuery[GatewaySession](_beside)


@dataclass(frozen=True)
class Found:
    """A task that may be sent, and the turns after it."""

    task: Task
    turns: Turns
    is_only: bool = False  # nothing else waited for the user's accounts


@dataclass(frozen=True)
class UserSessions:
    """The sessions of all accounts (rows) of one Discord user, and their lane."""

    every: Sequence[GatewaySession]
    lane: Lane

    @cached_property
    def able(self) -> dict[int, GatewaySession]:
        """The sessions that may send now, by their account's id."""
        return {
            session.account_id: session
            for session in self.every
            if session.account.is_ready and is_open(session)
        }

    @property
    def core_size(self) -> int:
        """How many tasks may run at once: the least of the rows' numbers."""
        return min(session.account.core_size for session in self.able.values())


def sessions_of(account_id: int) -> UserSessions | None:
    """Return the sessions and the lane of the account's user; None if it is unknown.

    What is read of tasks later is at least as new as the lane.
    """
    every = _sessions(account_id)
    if every and (found := lane.of_row(every[0])):
        return UserSessions(every, found)
    return sessions_of(account_id) if lane.make(account_id) else None


def next_task(sessions: UserSessions, turns: Turns) -> Found | None:
    """Return the waiting task whose turn it is, or None.

    Two tasks are never sent together if only their text could tell their results apart.
    The second waits until the first has its job's uuid. A user of whom as many tasks
    run as may is passed over.
    """
    if len(sessions.every) == 1:
        return _next_of_account(sessions, turns)
    ids = tuple(sessions.able)
    one = len(ids) == 1
    first = _first_two(*ids) if one else list(_waiting(Q(account__in=ids))[:2])
    return _next_of_all(sessions, turns, first) if first else None


def _next_of_account(sessions: UserSessions, turns: Turns) -> Found | None:
    """Return the next task of a user's only account, usually with one query."""
    first: list[Any] = _first_two(*sessions.able)
    if not first or first[0].busy >= sessions.core_size:
        return None
    if len(first) == 1 and is_due(first[0].not_before) and not first[0].has_twin:
        only = first[0]
        has_room = not full_users({only.owner_id})
        return Found(only, turns, is_only=True) if has_room else None
    return _next_of_all(sessions, turns, first)


def _next_of_all(
    sessions: UserSessions, turns: Turns, first: Sequence[Task]
) -> Found | None:
    """Return the next task, where `first` are the first two that wait."""
    ids = tuple(sessions.able)
    running = Task.objects.filter(
        account__in=[session.account_id for session in sessions.every],
        status__in=RUNNING,
    )
    busy = list(
        running.values_list("owner", "account", "echo_key", "bot_type", "job_id")
    )
    if len(busy) >= sessions.core_size:
        return None
    unnamed = {tuple(key) for _, *key, job_id in busy if job_id is None}
    if len(first) == 1 and _may_go(first[0], unnamed):
        if full_users({first[0].owner_id}):
            return None
        return Found(first[0], turns, is_only=True)
    waiters = _waiters(ids, unnamed, Counter(owner for owner, *_ in busy))
    chosen, turns = next_turn(waiters, turns)
    if chosen is None:
        return None
    known = {task.pk: task for task in first}
    task = known.get(chosen) or next(iter(_by_id(chosen)), None)
    return Found(task, turns) if task else None


def _may_go(task: Task, unnamed: set[tuple[object, ...]]) -> bool:
    key = task.account_id, task.echo_key, task.bot_type
    return is_due(task.not_before) and key not in unnamed


def _waiters(
    account_ids: Sequence[int], unnamed: set[tuple[object, ...]], running: Counter[int]
) -> list[Waiter]:
    """Return the users with waiting tasks, each with the oldest that may be sent."""
    may_go = due("not_before")
    for account_id, echo_key, bot_type in unnamed:
        may_go &= ~Q(account=account_id, echo_key=echo_key, bot_type=bot_type)
    rows = (
        _waiting(Q(account__in=account_ids))
        .select_related(None)
        .order_by()
        .values_list("owner", *_CLASS, *_ROOM)
        .annotate(first=Min("id", filter=may_go))
    )
    waiting = [
        (owner, _first(*classes, PriorityClass.NORMAL), _first(*numbers), pk)
        for owner, *found, pk in rows
        for classes, numbers in [(found[:2], found[2:])]
    ]
    full = full_among({owner: most for owner, _, most, _ in waiting if most})
    return [
        Waiter(owner, klass, running[owner], None if owner in full else pk)
        for owner, klass, _, pk in waiting
    ]


def _first(*values: Any) -> Any:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def lets_go_on(task: Task) -> bool:
    """Return whether a change of `task` may let a waiting task of its account leave.

    Its end frees a slot. Its job's uuid frees the prompts that looked like it.
    """
    if task.account_id is None:
        return False
    if task.status in TERMINAL:
        return somebody_waits(task.account_id)
    if task.status != TaskStatus.IN_PROGRESS or not task.job_id:
        return False
    held_back = Task.objects.filter(
        account=task.account_id, status=TaskStatus.NOT_START, echo_key=task.echo_key
    )
    return held_back.exists()


def somebody_waits(account_id: int) -> bool:
    """Return whether a task waits for the account or its user's other channels."""
    return bool(_waiting_beside(account_id))


def _same_user(account_id: int) -> QuerySet[GatewaySession, int]:
    own = GatewaySession.objects.filter(account=account_id).values("user_id")
    rows = GatewaySession.objects.filter(user_id__in=own)
    return rows.values_list("account", flat=True)


_waiting_beside: Final = CompiledQuery[Task](
    lambda pk: Task.objects.filter(
        status=TaskStatus.NOT_START, account__in=_same_user(pk)
    ).only("pk")[:1]
)
