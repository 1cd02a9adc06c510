"""Queries for tasks. A user sees their own, an operator sees all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from accounts.models import DiscordAccount, User
from mjproxy.lib.db.compiled_query import CompiledQuery, instance
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


# Columns that no list shows. One that is asked for nevertheless is read then.
_UNLISTED: Final = frozenset(
    {
        *("attempts", "cancel_next_at", "cancel_presses", "checked_at", "deadline_at"),
        *("guild_id", "idempotency_key", "matched_by", "operator_hook"),
        *("hook_attempts", "hook_claimed_until", "hook_due_at", "hook_host"),
        *("hook_revision", "hook_sent", "picture_next_at", "picture_tries"),
        *("prepare_after", "prepare_tries", "removed_at", "revision"),
        *("window_field", "window_interaction_id"),
    }
)
LISTED: Final = tuple(
    field.attname
    for field in Task._meta.concrete_fields
    if field.attname not in _UNLISTED
)


def _listed(user: User, *, own: bool = False) -> QuerySet[Task]:
    sees_all = user.is_operator and not own
    return Task.objects.all() if sees_all else Task.objects.filter(owner=user)


def _read(rows: QuerySet[Task]) -> list[Task]:
    """Return the tasks of a list, with the columns that lists show.

    Made of plain rows, because Django needs several times as long for instances.
    """
    found = [instance(Task, LISTED, row) for row in rows.values_list(*LISTED)]
    # A thousand tasks share few accounts, and each is built once.
    accounts = DiscordAccount.objects.only(*_SHOWN)
    prefetch_related_objects(found, Prefetch("account", accounts))
    return found


def newest(user: User, count: int, *, own: bool = False) -> list[Task]:
    """Return the newest tasks that `user` may see, or with `own` only their own."""
    return _read(_listed(user, own=own).order_by("-id")[:count])


def by_ids(user: User, ids: Iterable[int]) -> list[Task]:
    """Return the existing tasks of `ids`, in their order, each once."""
    wanted = list(dict.fromkeys(ids))
    found: dict[int, Task] = {}
    for start in range(0, len(wanted), 500):
        rows = _listed(user).filter(pk__in=wanted[start : start + 500])
        found |= {task.pk: task for task in _read(rows)}
    return [found[pk] for pk in wanted if pk in found]


def waiting_ids(user: User, count: int = 1000, *, own: bool = False) -> list[int]:
    """Return the ids of waiting tasks that `user` may see, oldest first."""
    rows = _listed(user, own=own).filter(status=TaskStatus.NOT_START)
    return list(rows.order_by("id").values_list("id", flat=True)[:count])
