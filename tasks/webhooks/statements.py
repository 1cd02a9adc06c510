"""The statements that run for each round of calls, with SQL that is built once.

Where the database can, one UPDATE claims tasks and reads them (`claim`). MariaDB and
MySQL need two statements (`read`, `take`).

A statement has a fixed number of tasks, so the last of them is repeated where there are
fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, reduce
from itertools import chain
from operator import or_
from typing import Any, Final, TypeVar

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from accounts.models import DiscordAccount
from mjproxy.lib.db.compiled_query import (
    CompiledQuery,
    CompiledUpdate,
    UpdateOfShown,
    instance,
)
from tasks.models import Task
from tasks.selectors import LISTED, shown_tasks

MOST: Final = 64  # tasks of a statement
_SIZES: Final = (1, 4, 16, MOST)
_ID: Final[Any] = Task._meta.get_field("id")
_REVISION: Final[Any] = Task._meta.get_field("hook_revision")
_UNTIL: Final[Any] = Task._meta.get_field("hook_claimed_until")
_OF_ACCOUNT: Final = ("id", "channel_id")
_OF_HOOK: Final = ("hook_attempts", "hook_host", "hook_revision", "operator_hook")
Update = tuple[QuerySet[Task], dict[str, Any]]
T = TypeVar("T")


def read(ids: Sequence[int]) -> list[Task]:
    """Return the tasks of these ids, with what their JSON needs."""
    filled = _filled(ids)
    return _tasks(len(filled))(*filled)


def take(keys: Sequence[tuple[int, int]], until: datetime, now: datetime) -> int:
    """Claim tasks, given by id and revision; return the number of claimed ones.

    A task is claimed if it is due, has the revision still, and nobody has claimed it.
    """
    filled = _filled(keys)
    return _take(len(filled))(until, now, *chain.from_iterable(filled))


def claim(
    keys: Sequence[tuple[int, datetime | None]], until: datetime, now: datetime
) -> list[Task]:
    """Claim tasks that are due and not claimed; return them as they are now.

    A task is given by its id and the end of its claim here, if its last call was taken
    and that is not stored yet. Then it is claimed anew if there are news since.
    """
    filled = _filled(keys)
    tasks = _claim(len(filled)).rows(until, now, *chain.from_iterable(filled))
    for task in tasks:
        # A task that runs or has ended shows no more of its account.
        values = task.account_id, vars(task).pop("account_channel")
        known = instance(DiscordAccount, _OF_ACCOUNT, values)
        task.account = known if task.account_id else None
    return tasks


def end(keys: Sequence[tuple[int, datetime]]) -> int:
    """End the claims of tasks whose newest revision was told; return their number.

    A task is given by its id and the end of its claim.
    """
    filled = _filled(keys)
    return _end(len(filled))(*chain.from_iterable(filled))


@cache
def _tasks(count: int) -> CompiledQuery[Task]:
    def build(*ids: Any) -> QuerySet[Task]:
        return shown_tasks().filter(pk__in=ids)

    return CompiledQuery(build, values=count)


@cache
def _take(count: int) -> CompiledUpdate:
    def build(until: Any, now: Any, *keys: Any) -> Update:
        ids, revisions = keys[::2], keys[1::2]
        same = map(_is_same, ids, revisions)
        free = Q(hook_claimed_until=None) | Q(hook_claimed_until__lte=now)
        due = Task.objects.filter(pk__in=ids, hook_due_at__lte=now)
        changes = {"hook_claimed_until": until, "hook_sent": F("hook_revision")}
        return due.filter(free, reduce(or_, same)), changes

    return CompiledUpdate(build, [_UNTIL, _UNTIL, *[_ID, _REVISION] * count])


@cache
def _claim(count: int) -> UpdateOfShown[Task]:
    def build(until: Any, now: Any, *keys: Any) -> Update:
        ids, tokens = keys[::2], keys[1::2]
        free = Q(hook_claimed_until=None) | Q(hook_claimed_until__lte=now)
        ours = reduce(or_, map(_is_ours, ids, tokens))
        news = ours & ~Q(hook_revision=F("hook_sent"))
        due = Task.objects.filter(pk__in=ids, hook_due_at__lte=now)
        changes = {"hook_claimed_until": until, "hook_sent": F("hook_revision")}
        return due.filter(free | news), changes

    return UpdateOfShown(build, [_UNTIL, _UNTIL, *[_ID, _UNTIL] * count], _told)


def _told() -> QuerySet[Task]:
    """Return tasks with the columns that a call needs."""
    of_task = DiscordAccount.objects.filter(pk=OuterRef("account"))
    channel = Subquery(of_task.values("channel_id"))
    return Task.objects.only(*LISTED, *_OF_HOOK).annotate(account_channel=channel)


def _is_ours(pk: Any, token: Any) -> Q:
    return Q(pk=pk, hook_claimed_until=token)


def _is_same(pk: Any, revision: Any) -> Q:
    return Q(pk=pk, hook_revision=revision)


@cache
def _end(count: int) -> CompiledUpdate:
    def build(*keys: Any) -> Update:
        told = Task.objects.filter(
            pk__in=keys[::2],
            hook_claimed_until__in=keys[1::2],
            hook_revision=F("hook_sent"),
        )
        return told, {"hook_due_at": None, "hook_claimed_until": None}

    return CompiledUpdate(build, [_ID, _UNTIL] * count)


def _filled(things: Sequence[T]) -> list[T]:
    size = next(size for size in _SIZES if size >= len(things))
    return [*things, *[things[-1]] * (size - len(things))]
