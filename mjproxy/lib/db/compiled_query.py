"""Queries whose SQL is built once, for look-ups that clients repeat every second.

Building the SQL of a joined row costs Django several times what the database needs to
answer it. What is kept here belongs to one connection, so no two threads share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import (  # type: ignore[attr-defined]
    get_related_populators,
)

M = TypeVar("M", bound=Model)


@dataclass
class _Plan:
    """A compiled query, and how its rows become instances."""

    sql: str
    params: tuple[Any, ...]
    compiler: Any
    converters: dict[int, Any]
    model: type[Model]
    columns: slice
    names: list[str]
    annotations: dict[str, int]
    populators: list[Any]


class PreparedQuery(Generic[M]):
    """`build(*markers)` is compiled once; each call puts its values for the markers.

    A marker is a value that stands in the SQL's parameters exactly as it was given.
    """

    def __init__(
        self, build: Callable[..., QuerySet[M]], markers: Sequence[Any]
    ) -> None:
        self._build, self._markers = build, markers
        self._plans: WeakKeyDictionary[Any, _Plan] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> list[M]:
        """Run the query with `values` in the places of the markers."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        plan = self._plans.get(wrapper)
        if plan is None:
            plan = self._plans[wrapper] = self._compile(wrapper)
        given = dict(zip(self._markers, values, strict=True))
        with wrapper.cursor() as cursor:
            cursor.execute(plan.sql, [given.get(p, p) for p in plan.params])
            rows = cursor.fetchall()
        return [_instance(plan, row, wrapper.alias) for row in _converted(plan, rows)]

    def _compile(self, wrapper: Any) -> _Plan:
        query = self._build(*self._markers).query
        compiler: Any = query.get_compiler(connection=wrapper)
        sql, params = compiler.as_sql()
        info = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1]
        columns = slice(first, last + 1)
        return _Plan(
            sql=sql,
            params=params,
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
