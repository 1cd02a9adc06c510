"""UPDATEs and INSERTs whose SQL is built once, for writes of every task.

As with `CompiledQuery` (docs/adr/0024-compiled-queries.md), what is kept belongs to one
connection. Signals of Django's models are not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import mark_for_rollback_on_error

from mjproxy.lib.db.compiled_query import Statement, markers

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]


@dataclass
class _Plan:
    """A compiled UPDATE, and how the returned rows are converted."""

    statement: Statement
    compiler: Any
    converters: dict[int, Any]


class CompiledUpdate:
    """An UPDATE, compiled once; each call puts values in their places.

    `build` gets an expression for each of its `values`, and returns the rows to change
    and the changes. Values are of the types of their columns; JSON is not converted.
    """

    def __init__(
        self,
        build: Callable[..., tuple[QuerySet[Any], dict[str, Any]]],
        *,
        values: int,
        returning: Sequence[str] = (),
    ) -> None:
        """Keep `build` for later; `returning` names the fields for `rows`."""
        self.build: Final = build
        self._values, self._returning = values, returning
        self._plans: WeakKeyDictionary[Any, _Plan] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> int:
        """Change the rows; return their number."""
        if not settings.COMPILED_QUERIES:
            rows, changes = self.build(*values)
            return rows.update(**changes)
        return self._run(values, lambda _, cursor: int(cursor.rowcount))

    def rows(self, *values: Any) -> list[Row] | None:
        """Change the rows; return the named fields of each as they are now.

        Returns None where the database cannot tell them. Then nothing is changed.
        """
        vendor = connections[DEFAULT_DB_ALIAS].vendor
        if vendor == "mysql" or not settings.COMPILED_QUERIES:
            return None
        return self._run(values, _returned)

    def _run(self, values: Sequence[Any], result: Callable[[_Plan, Any], Any]) -> Any:
        with mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            wrapper: Any = connections[DEFAULT_DB_ALIAS]
            plan = self._plans.get(wrapper)
            if plan is None:
                plan = self._plans[wrapper] = self._compile(wrapper)
            params = plan.statement.with_values(wrapper, values)
            with wrapper.cursor() as cursor:
                cursor.execute(plan.statement.sql, params)
                return result(plan, cursor)

    def _compile(self, wrapper: Any) -> _Plan:
        rows, changes = self.build(*markers(self._values))
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        query.clear_ordering(force=True)
        compiler = query.get_compiler(connection=wrapper)
        sql, params = compiler.as_sql()
        fields = [rows.model._meta.get_field(name) for name in self._returning]
        if fields and wrapper.vendor != "mysql":
            sql = f"{sql} {wrapper.ops.return_insert_columns(fields)[0]}"
        columns = [field.get_col(rows.model._meta.db_table) for field in fields]
        return _Plan(
            Statement.of(sql, params, self._values),
            compiler,
            compiler.get_converters(columns),
        )


def _returned(plan: _Plan, cursor: Any) -> list[Row]:
    rows = plan.compiler.apply_converters(cursor.fetchall(), plan.converters)
    return [tuple(row) for row in rows]


class CompiledInsert(Generic[M]):
    """The INSERT of a whole row with a given id, compiled once."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._plans: WeakKeyDictionary[Any, tuple[str, Any]] = WeakKeyDictionary()

    def __call__(self, row: M) -> None:
        """Write a new row. Raises IntegrityError as `save` does."""
        if not settings.COMPILED_QUERIES:
            row.save(force_insert=True)
            return
        with mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            wrapper: Any = connections[DEFAULT_DB_ALIAS]
            plan = self._plans.get(wrapper)
            if plan is None:
                plan = self._plans[wrapper] = self._compile(wrapper, row)
            sql, fields = plan
            params = [
                field.get_db_prep_save(field.pre_save(row, add=True), wrapper)
                for field in fields
            ]
            with wrapper.cursor() as cursor:
                cursor.execute(sql, params)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def _compile(self, wrapper: Any, row: M) -> tuple[str, Any]:
        fields = self._model._meta.local_concrete_fields
        query: Any = InsertQuery(self._model)
        query.insert_values(fields, [row])
        ((sql, _),) = query.get_compiler(connection=wrapper).as_sql()
        return sql, fields
