"""UPDATEs of one task, compiled: its moves, and facts about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self

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
        return bool(_move(status, tuple(changes))(task_id, *changes.values()))
    rows, written = _moved(status, task_id, changes)
    return bool((rows if where is None else rows.filter(where)).update(**written))


def move_same(
    task: Task,
    status: TaskStatus,
    changes: dict[str, Any],
    names: tuple[str, ...],
    where: Condition | None = None,
) -> bool:
    """Move a task whose row has still the task's values of the columns `names`."""
    changes = _with_news(status, changes)
    same = _Same.of(task, names, where)
    update = _move(status, tuple(changes), same)
    return bool(update(task.pk, *changes.values(), *same.values))


def note_same(
    task: Task,
    facts: dict[str, Any],
    names: tuple[str, ...],
    where: Condition | None = None,
) -> bool:
    """Write facts about an open task, as `move_same` does."""
    same = _Same.of(task, names, where)
    update = _note(tuple(facts), same)
    return bool(update(task.pk, *facts.values(), *same.values))


@dataclass(frozen=True)
class _Same:
    """What a row is compared with: columns with a value, empty ones, a condition."""

    filled: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    build: Callable[..., Q] | None = None
    more: tuple[Field[Any, Any], ...] = ()  # the condition's columns
    values: tuple[Any, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, task: Task, names: tuple[str, ...], where: Condition | None) -> Self:
        has = {name: getattr(task, name) for name in names}
        filled = {name: value for name, value in has.items() if value is not None}
        empty = tuple(name for name in names if has[name] is None)
        values = *filled.values(), *(where.values if where else ())
        build, more = (where.build, where.fields) if where else (None, ())
        return cls(tuple(filled), empty, build, more, values)

    @property
    def fields(self) -> list[Field[Any, Any]]:
        return [*(_FIELDS[name] for name in self.filled), *self.more]

    def narrow(
        self, rows: QuerySet[Task], values: Sequence[Expression]
    ) -> QuerySet[Task]:
        compared = dict(zip(self.filled, values, strict=False))
        rows = rows.filter(**compared, **dict.fromkeys(self.empty))
        if self.build is None:
            return rows
        return rows.filter(self.build(*values[len(self.filled) :]))


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
    status: TaskStatus, names: tuple[str, ...], same: _Same = _Same()
) -> CompiledUpdate:
    """Return the UPDATE that writes `names`, if the row is as `same` says."""

    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        changes = dict(zip(names, values, strict=False))
        rows, written = _moved(status, pk, changes)
        return same.narrow(rows, values[len(names) :]), written

    return CompiledUpdate(build, [*_fields(names), *same.fields])


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
def _note(names: tuple[str, ...], same: _Same = _Same()) -> CompiledUpdate:
    def build(pk: Expression, *values: Expression) -> tuple[QuerySet[Task], Any]:
        written = dict(zip(names, values, strict=False))
        return same.narrow(_open(pk), values[len(names) :]), written

    return CompiledUpdate(build, [*_fields(names), *same.fields])


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
    if status == TaskStatus.IN_PROGRESS:
        changes = changes | {"is_begun": True}
    if is_told(status):
        changes = changes | news(changes["hook_due_at"])
    if status in TERMINAL:  # the columns are in this order for MySQL
        started = Coalesce("started_at", changes["finished_at"])
        changes = {"started_at": started} | changes
    return rows, {"status": status, **changes, "revision": F("revision") + 1}


def _open(pk: Any) -> QuerySet[Task]:
    return Task.objects.filter(pk=pk, status__in=sorted(OPEN))
