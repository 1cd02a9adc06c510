"""Queries for tasks. A user sees their own, an operator sees all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any, Final

from django.db.models import QuerySet

from accounts.models import DiscordAccount, User
from mjproxy.lib.db.compiled_query import CompiledQuery
from tasks.enums import TaskStatus
from tasks.models import Task

# Columns of the account that a task's JSON needs.
_SHOWN: Final = (
    "channel_id",
    "enabled",
    "state",
    "state_reason",
    "resume_at",
    "core_size",
)
_NOT_SHOWN: Final = tuple(
    f"account__{field.name}"
    for field in DiscordAccount._meta.concrete_fields
    if field.name not in {"id", *_SHOWN}
)


def shown_tasks() -> QuerySet[Task]:
    """Return tasks with the shown columns of their accounts, none encrypted."""
    return Task.objects.select_related("account").defer(*_NOT_SHOWN)


_by_id: Final = CompiledQuery[Task](lambda pk: shown_tasks().filter(pk=pk))
_by_id_and_owner: Final = CompiledQuery[Task](
    lambda pk, owner: shown_tasks().filter(pk=pk, owner=owner), values=2
)


def load_shown(task_id: int) -> Task:
    """Return a task as `shown_tasks` loads it, with a prepared query."""
    return _by_id(task_id)[0]


def visible_to(user: User) -> QuerySet[Task]:
    return shown_tasks() if user.is_operator else shown_tasks().filter(owner=user)


def find(user: User, task_id: int) -> Task | None:
    """Return the task if `user` may see it, or None. Fast, because clients poll."""
    if user.is_operator:
        return next(iter(_by_id(task_id)), None)
    return next(iter(_by_id_and_owner(task_id, user.pk)), None)


PAGE: Final = 100  # tasks in one query; a long one has 250 kB
# Columns that no list shows. One that is asked for nevertheless is read then.
_UNLISTED: Final = frozenset(
    {
        *("attempts", "cancel_next_at", "cancel_presses", "checked_at", "deadline_at"),
        *("back_next_at", "back_tries", "counted_on", "is_begun", "key_counted"),
        *("guild_id", "idempotency_key", "key_id", "matched_by", "operator_hook"),
        *("hook_attempts", "hook_claimed_until", "hook_due_at", "hook_host"),
        *("hook_revision", "hook_sent", "link_next_at", "picture_file"),
        *("picture_next_at", "picture_tries", "prepare_after", "prepare_tries"),
        *("price", "removed_at", "revision", "window_field", "window_interaction_id"),
    }
)
LISTED: Final = tuple(
    field.attname
    for field in Task._meta.concrete_fields
    if field.attname not in _UNLISTED
)


def _listed(owner: tuple[Any, ...]) -> QuerySet[Task]:
    """Return the tasks of one owner, or all, with the columns that lists show."""
    rows = Task.objects.only(*LISTED)
    return rows.filter(owner=owner[0]) if owner else rows


@cache
def _newest(count: int, owners: int) -> CompiledQuery[Task]:
    return CompiledQuery[Task](
        lambda *owner: _listed(owner).order_by("-id")[:count], values=owners
    )


@cache
def _page(owners: int) -> CompiledQuery[Task]:
    return CompiledQuery[Task](
        lambda *given: _listed(given[PAGE:]).filter(pk__in=given[:PAGE]),
        values=PAGE + owners,
    )


def _owner(user: User, *, own: bool = False) -> tuple[int, ...]:
    """Return whose tasks `user` sees: one id, or none for all."""
    return () if user.is_operator and not own else (user.pk,)


def _give_accounts(tasks: Iterable[Task], known: dict[int, DiscordAccount]) -> None:
    """Give tasks their accounts. A thousand share few, and `known` has each once."""
    missing = {task.account_id for task in tasks} - known.keys() - {None}
    if missing:
        known |= DiscordAccount.objects.only(*_SHOWN).in_bulk(missing)
    for task in tasks:
        account = known.get(task.account_id) if task.account_id else None
        task._state.fields_cache["account"] = account


def newest(user: User, count: int, *, own: bool = False) -> list[Task]:
    """Return the newest tasks that `user` may see, or with `own` only their own."""
    owner = _owner(user, own=own)
    found = _newest(count, len(owner))(*owner)
    _give_accounts(found, {})
    return found


def pages(user: User, ids: Iterable[int]) -> Iterator[list[Task]]:
    """Yield the existing tasks of `ids`, in their order, each once, page by page."""
    wanted, owner = list(dict.fromkeys(ids)), _owner(user)
    accounts: dict[int, DiscordAccount] = {}
    for start in range(0, len(wanted), PAGE):
        page = wanted[start : start + PAGE]
        filled = page + page[:1] * (PAGE - len(page))  # the query has a fixed size
        found = {task.pk: task for task in _page(len(owner))(*filled, *owner)}
        _give_accounts(found.values(), accounts)
        yield [found[pk] for pk in page if pk in found]


def by_ids(user: User, ids: Iterable[int]) -> list[Task]:
    """Return the existing tasks of `ids`, in their order, each once."""
    return list(chain.from_iterable(pages(user, ids)))


def waiting_ids(user: User, count: int = 1000, *, own: bool = False) -> list[int]:
    """Return the ids of waiting tasks that `user` may see, oldest first."""
    rows = _listed(_owner(user, own=own)).filter(status=TaskStatus.NOT_START)
    return list(rows.order_by("id").values_list("id", flat=True)[:count])
