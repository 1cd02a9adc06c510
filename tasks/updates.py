"""UPDATEs of one task, compiled: its moves, and facts about it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import Expression, F, Q, QuerySet
from django.db.models.functions import Coalesce

from mjproxy.lib.db.compiled_query import CompiledUpdate
from tasks.enums import ALLOWED_FROM, OPEN, TERMINAL, TaskStatus
from tasks.models import Task


def move(
    task_id: int, status: TaskStatus, changes: dict[str, Any], where: Q | None = None
) -> bool:
    """Move a task along the table of moves, if `where` holds too."""
    if not ALLOWED_FROM[status]:
        return False
    if where is None and _are_plain(changes):
        return move_same(task_id, status, changes, {})
    rows, written = _moved(status, task_id, changes)
    return bool((rows if where is None else rows.filter(where)).update(**written))


def move_same(
    task_id: int, status: TaskStatus, changes: dict[str, Any], same: dict[str, Any]
) -> bool:
    """Move a task along the table of moves, if it has the values of `same`."""
    empty = tuple(name for name, value in same.items() if value is None)
    filled = {name: value for name, value in same.items() if value is not None}
    update = _move(status, tuple(changes), tuple(filled), empty)
    return bool(update(task_id, *changes.values(), *filled.values()))


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

    return CompiledUpdate(build, Task, ("id", *names, *filled))


@cache
def _note(names: tuple[str, ...]) -> CompiledUpdate:
    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        return _open(pk), dict(zip(names, values, strict=True))

    return CompiledUpdate(build, Task, ("id", *names))


def _moved(
    status: TaskStatus, pk: Any, changes: dict[str, Any]
) -> tuple[QuerySet[Task], dict[str, Any]]:
    """Return the rows that may move to `status`, and what is written to them."""
    rows = Task.objects.filter(pk=pk, status__in=sorted(ALLOWED_FROM[status]))
    if status == TaskStatus.IN_PROGRESS and "progress" in changes:
        later = Q(progress__isnull=True) | Q(progress__lt=changes["progress"])
        rows = rows.filter(later | Q(status=TaskStatus.SUBMITTED))
    if status in TERMINAL:  # the columns are in this order for MySQL
        started = Coalesce("started_at", changes["finished_at"])
        changes = {"started_at": started} | changes
    return rows, {"status": status, "revision": F("revision") + 1, **changes}


def _open(pk: Any) -> QuerySet[Task]:
    return Task.objects.filter(pk=pk, status__in=sorted(OPEN))
