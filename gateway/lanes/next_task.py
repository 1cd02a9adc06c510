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

from accounts.models import DiscordAccount
from gateway.lanes.turns import Turns, Waiter, next_turn
from gateway.leases import is_open
from gateway.models import GatewaySession
from mjproxy.lib.db.claim import due, is_due
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import RUNNING, TERMINAL, TaskStatus
from tasks.models import Task

# Of a parent only the message with its buttons is needed.
_PARENTS_REST: Final = tuple(
    f"parent__{field.name}"
    for field in Task._meta.concrete_fields
    if field.name not in {"id", "message_flags"}
)


def _waiting(own: Q) -> QuerySet[Task]:
    return _with_parent(Task.objects.filter(own, prepared=True)).order_by("id")


def _with_parent(tasks: QuerySet[Task]) -> QuerySet[Task]:
    rows = tasks.filter(status=TaskStatus.NOT_START).select_related("parent")
    return rows.defer(*_PARENTS_REST)


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
_sessions: Final = CompiledQuery[GatewaySession](
    lambda user: (
        GatewaySession.objects.select_related("account")
        .defer(*(f"account__{name}" for name in DiscordAccount.SECRETS))
        .filter(user_id=user)
        .order_by("account")
    )
)


@dataclass(frozen=True)
class Found:
    """A task that may be sent, and the turns after it."""

    task: Task
    turns: Turns
    is_only: bool = False  # nothing else waited for the user's accounts


@dataclass(frozen=True)
class UserSessions:
    """The sessions of all accounts (rows) of one Discord user."""

    every: Sequence[GatewaySession]

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


def sessions_of(discord_user: str) -> UserSessions:
    return UserSessions(_sessions(discord_user))


def next_task(sessions: UserSessions, turns: Turns) -> Found | None:
    """Return the waiting task whose turn it is, or None.

    Two tasks are never sent together if only their text could tell their results apart.
    The second waits until the first has its job's uuid.
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
        return Found(first[0], turns, is_only=True)
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
        .values_list("owner", "owner__priority")
        .annotate(first=Min("id", filter=may_go))
    )
    return [Waiter(owner, klass, running[owner], pk) for owner, klass, pk in rows]


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
