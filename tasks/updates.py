"""UPDATEs of one task, compiled: its moves, and facts about it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.db.models import Expression, F, Field, Q, QuerySet
from django.db.models.functions import Coalesce

from mjproxy.lib.db.compiled_query import CompiledUpdate
from tasks.enums import ALLOWED_FROM, OPEN, TERMINAL, TaskStatus
from tasks.models import Task

_FIELDS: Final[dict[str, Field[Any, Any]]] = {
    name: field
    for field in Task._meta.concrete_fields
    for name in (field.name, field.attname)
}


def move(
    task_id: int, status: TaskStatus, changes: dict[str, Any], where: Q | None
) -> bool:
    """Move a task along the table of moves, if `where` holds too."""
    if not ALLOWED_FROM[status]:
        return False
    if where is None and _are_plain(changes):
        return bool(_move(status, tuple(changes))(task_id, *changes.values()))
    rows, written = _moved(status, task_id, changes)
    return bool((rows if where is None else rows.filter(where)).update(**written))


def note(task_id: int, facts: dict[str, Any]) -> bool:
    """Write facts about an open task."""
    if _are_plain(facts):
        return bool(_note(tuple(facts))(task_id, *facts.values()))
    return bool(_open(task_id).update(**facts))


def _are_plain(values: dict[str, Any]) -> bool:
    return not any(hasattr(v, "resolve_expression") for v in values.values())


@cache
def _move(status: TaskStatus, names: tuple[str, ...]) -> CompiledUpdate:
    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        return _moved(status, pk, dict(zip(names, values, strict=True)))

    return CompiledUpdate(build, _fields(names))


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
    if status in TERMINAL:  # the columns are in this order for MySQL
        started = Coalesce("started_at", changes["finished_at"])
        changes = {"started_at": started} | changes
    return rows, {"status": status, "revision": F("revision") + 1, **changes}


def _open(pk: Any) -> QuerySet[Task]:
    return Task.objects.filter(pk=pk, status__in=sorted(OPEN))
