"""The INSERT of a row, with SQL that is built once.

As with `CompiledQuery` (docs/adr/0024-compiled-queries.md), what is kept belongs to one
connection.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.sql import InsertQuery
from django.db.transaction import mark_for_rollback_on_error

M = TypeVar("M", bound=Model)


class CompiledInsert(Generic[M]):
    """The INSERT of a whole row with a given id. Signals of Django are not sent."""

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
