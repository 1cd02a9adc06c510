"""UPDATEs of one task, compiled: its moves, and facts about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.db.models import Expression, F, Field, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from mjproxy.lib.db.compiled_query import CompiledUpdate
from tasks.conditions import Condition
from tasks.enums import ALLOWED_FROM, OPEN, TERMINAL, TaskStatus
from tasks.models import Task
from tasks.webhooks.hooks import is_told, news

_FIELDS: Final[dict[str, Field[Any, Any]]] = {
    name: field
    for field in Task._meta.concrete_fields
    for name in (field.name, field.attname)
}


def move(
    task_id: int,
    status: TaskStatus,
    changes: dict[str, Any],
    where: Q | Condition | None = None,
) -> bool:
    """Move a task along the table of moves, if `where` holds too."""
    if not ALLOWED_FROM[status]:
        return False
    changes = _with_news(status, changes)
    if isinstance(where, Condition):
        update = _move_if(status, tuple(changes), where.build, where.fields)
        return bool(update(task_id, *changes.values(), *where.values))
    if where is None and _are_plain(changes):
        return move_same(task_id, status, changes, {})
    rows, written = _moved(status, task_id, changes)
    return bool((rows if where is None else rows.filter(where)).update(**written))


def move_same(
    task_id: int, status: TaskStatus, changes: dict[str, Any], same: dict[str, Any]
) -> bool:
    """Move a task along the table of moves, if it has the values of `same`."""
    changes = _with_news(status, changes)
    empty = tuple(name for name, value in same.items() if value is None)
    filled = {name: value for name, value in same.items() if value is not None}
    update = _move(status, tuple(changes), tuple(filled), empty)
    return bool(update(task_id, *changes.values(), *filled.values()))


def _with_news(status: TaskStatus, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with the time at which the hook of the task is due."""
    return {**changes, "hook_due_at": timezone.now() if is_told(status) else None}


def note(task_id: int, facts: dict[str, Any]) -> bool:
    """Write facts about an open task."""
    if _are_plain(facts):
        return bool(_note(tuple(facts))(task_id, *facts.values()))
    return bool(_open(task_id).update(**facts))


def _are_plain(values: dict[str, Any]) -> bool:
    return not any(hasattr(v, "resolve_expression") for v in values.values())


@cache
def _move(
    status: TaskStatus,
    names: tuple[str, ...],
    filled: tuple[str, ...],
    empty: tuple[str, ...],
) -> CompiledUpdate:
    """Return the UPDATE that writes `names`, if `filled` and `empty` columns are so."""

    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        changes = dict(zip(names, values, strict=False))
        rows, written = _moved(status, pk, changes)
        compared = dict(zip(filled, values[len(names) :], strict=True))
        return rows.filter(**compared, **dict.fromkeys(empty)), written

    return CompiledUpdate(build, _fields(names + filled))


@cache
def _move_if(
    status: TaskStatus,
    names: tuple[str, ...],
    where: Callable[..., Q],
    compared: tuple[Field[Any, Any], ...],
) -> CompiledUpdate:
    """Return the UPDATE that writes `names`, if `where` holds."""

    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        changes = dict(zip(names, values, strict=False))
        rows, written = _moved(status, pk, changes)
        return rows.filter(where(*values[len(names) :])), written

    return CompiledUpdate(build, [*_fields(names), *compared])


@cache
def _note(names: tuple[str, ...]) -> CompiledUpdate:
    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        return _open(pk), dict(zip(names, values, strict=True))

    return CompiledUpdate(build, _fields(names))


def _fields(names: tuple[str, ...]) -> list[Field[Any, Any]]:
    return [_FIELDS["id"], *(_FIELDS[name] for name in names)]


def _moved(
    status: TaskStatus, pk: Any, changes: dict[str, Any]
) -> tuple[QuerySet[Task], dict[str, Any]]:
    """Return the rows that may move to `status`, and what is written to them."""
    rows = Task.objects.filter(pk=pk, status__in=sorted(ALLOWED_FROM[status]))
    if status == TaskStatus.IN_PROGRESS and "progress" in changes:
        later = Q(progress__isnull=True) | Q(progress__lt=changes["progress"])
        rows = rows.filter(later | Q(status=TaskStatus.SUBMITTED))
    if is_told(status):
        changes = changes | news(changes["hook_due_at"])
    if status in TERMINAL:  # the columns are in this order for MySQL
        started = Coalesce("started_at", changes["finished_at"])
        changes = {"started_at": started} | changes
    return rows, {"status": status, **changes, "revision": F("revision") + 1}


def _open(pk: Any) -> QuerySet[Task]:
    return Task.objects.filter(pk=pk, status__in=sorted(OPEN))
