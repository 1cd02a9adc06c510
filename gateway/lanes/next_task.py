"""Choose the next task of a Discord user: free slots, held-back prompts, turns.

Rows of one Discord user (several channels of one account) share its slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import Min, Q, QuerySet

from accounts.models import DiscordAccount
from gateway.lanes.turns import Turns, Waiter, next_turn
from gateway.leases import is_open
from gateway.models import GatewaySession
from mjproxy.lib.db.claim import due, is_due
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import RUNNING, TERMINAL, TaskStatus
from tasks.models import Task


def _waiting(own: Q) -> QuerySet[Task]:
    rows = Task.objects.filter(own, status=TaskStatus.NOT_START, prepared=True)
    return rows.select_related("parent").order_by("id")


# Usually one task waits. Two show that a choice may be needed.
_first_two: Final = CompiledQuery[Task](lambda pk: _waiting(Q(account=pk))[:2])
_by_id: Final = CompiledQuery[Task](
    lambda pk: Task.objects.filter(pk=pk, status=TaskStatus.NOT_START).select_related(
        "parent"
    )
)
_sessions: Final = CompiledQuery[GatewaySession](
    lambda user: (
        GatewaySession.objects.select_related("account")
        .defer(*(f"account__{name}" for name in DiscordAccount.SECRETS))
        .filter(user_id=user)
        .order_by("account")
    )
)


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


def next_task(sessions: UserSessions, turns: Turns) -> tuple[Task, Turns] | None:
    """Return the waiting task whose turn it is, and the turns after it, or None.

    Two tasks are never sent together if only their text could tell their results apart.
    The second waits until the first has its job's uuid.
    """
    ids = tuple(sessions.able)
    one = len(ids) == 1
    first = _first_two(*ids) if one else list(_waiting(Q(account__in=ids))[:2])
    if not first:
        return None
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
        return first[0], turns
    waiters = _waiters(ids, unnamed, Counter(owner for owner, *_ in busy))
    chosen, turns = next_turn(waiters, turns)
    if chosen is None:
        return None
    known = {task.pk: task for task in first}
    task = known.get(chosen) or next(iter(_by_id(chosen)), None)
    return (task, turns) if task else None


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
