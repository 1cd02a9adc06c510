"""Queries whose SQL is built once, for look-ups that are repeated many times a second.

Building the SQL of a joined row costs Django several times what the database needs to
answer it (docs/adr/0024-compiled-queries.md). What is kept here belongs to one
connection, so no two threads share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet, Value
from django.db.models.query import (  # type: ignore[attr-defined]
    get_related_populators,
)

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class _Marker:
    """A place for the value of this number, among the parameters of some SQL."""

    number: int


def markers(count: int) -> list[Value]:
    """Return expressions that stand for so many values."""
    return [Value(_Marker(number)) for number in range(count)]


@dataclass(frozen=True)
class Statement:
    """Some SQL with its parameters, and where the values of a call go."""

    sql: str
    params: Sequence[Any]
    places: Sequence[tuple[int, int]]  # position among the parameters, value's number

    @classmethod
    def of(cls, sql: str, params: Sequence[Any], count: int) -> Statement:
        """Find the places of `count` markers. Raises TypeError if one is missing."""
        places = [(at, p.number) for at, p in enumerate(params) if type(p) is _Marker]
        if {number for _, number in places} != set(range(count)):
            raise TypeError("a value of the query is not among its parameters")
        return cls(sql, list(params), places)

    def with_values(self, wrapper: Any, values: Sequence[Any]) -> list[Any]:
        """Return the parameters with these values, of the types of their columns."""
        params = list(self.params)
        for position, number in self.places:
            params[position] = _adapted(wrapper.ops, values[number])
        return params


def _adapted(ops: Any, value: Any) -> Any:
    match value:
        case datetime():
            return ops.adapt_datetimefield_value(value)
        case date():
            return ops.adapt_datefield_value(value)
    return value


@dataclass
class _Plan:
    """A compiled query, and how its rows become instances."""

    statement: Statement
    compiler: Any
    converters: dict[int, Any]
    model: type[Model]
    columns: slice
    names: list[str]
    annotations: dict[str, int]
    populators: list[Any]


class CompiledQuery(Generic[M]):
    """`build` with markers, compiled once; each call puts values in their places.

    `build` gets an expression for each of its `values`. It may pass one to a lookup or
    a function, though not to `__in` of a relation, which converts what it gets.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *, values: int = 1) -> None:
        self.build: Final = build
        self._values = values
        self._plans: WeakKeyDictionary[Any, _Plan] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> list[M]:
        """Run the query with `values`, which are of the types of their columns.

        Raises TypeError where there are more or fewer than the query has.
        """
        if len(values) != self._values:
            raise TypeError(f"{len(values)} values instead of {self._values}")
        if not settings.COMPILED_QUERIES:
            return list(self.build(*values))
        wrapper = connections[DEFAULT_DB_ALIAS]
        plan = self._plans.get(wrapper)
        if plan is None:
            plan = self._plans[wrapper] = self._compile(wrapper)
        params = plan.statement.with_values(wrapper, values)
        with wrapper.cursor() as cursor:
            cursor.execute(plan.statement.sql, params)
            rows = cursor.fetchall()
        return [_instance(plan, row, wrapper.alias) for row in _converted(plan, rows)]

    def _compile(self, wrapper: Any) -> _Plan:
        query = self.build(*markers(self._values)).query
        compiler: Any = query.get_compiler(connection=wrapper)
        statement = Statement.of(*compiler.as_sql(), self._values)
        info = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1]
        columns = slice(first, last + 1)
        return _Plan(
            statement=statement,
            compiler=compiler,
            converters=compiler.get_converters([s[0] for s in compiler.select]),
            model=info["model"],
            columns=columns,
            names=[s[0].target.attname for s in compiler.select[columns]],
            annotations=dict(compiler.annotation_col_map or {}),
            populators=get_related_populators(info, compiler.select, wrapper.alias),
        )


def _converted(plan: _Plan, rows: list[Any]) -> Any:
    return plan.compiler.apply_converters(rows, plan.converters)


def _instance(plan: _Plan, row: Sequence[Any], alias: str) -> Any:
    found = plan.model.from_db(alias, plan.names, row[plan.columns])
    for name, column in plan.annotations.items():
        setattr(found, name, row[column])
    for populator in plan.populators:
        populator.populate(row, found)
    return found
