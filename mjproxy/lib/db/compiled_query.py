"""Queries and UPDATEs whose SQL is built once, for those that run many times a second.

Building the SQL of a joined row costs Django several times what the database needs to
answer it (docs/adr/0024-compiled-queries.md). What is kept here belongs to one
connection, so no two threads share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Field, Model, QuerySet, Value
from django.db.models.base import ModelState
from django.db.models.query import (  # type: ignore[attr-defined]
    get_related_populators,
)
from django.db.models.sql import UpdateQuery

from mjproxy.lib.db.together import result_of

M = TypeVar("M", bound=Model)
_Places = list[tuple[int, int]]  # position among the parameters, number of the value


@dataclass(frozen=True)
class _Marker:
    """A place for the value of this number, among the parameters of some SQL."""

    number: int


def instance(
    model: type[M],
    names: Iterable[str],
    values: Iterable[Any],
    alias: str = DEFAULT_DB_ALIAS,
) -> M:
    """Make an instance of a row that was read; columns without a name are deferred.

    `Model.from_db` calls `__init__`, which takes four times as long. No model here has
    an `__init__` of its own or receivers of its signals.
    """
    found = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, alias
    found.__dict__.update(zip(names, values, strict=True), _state=state)
    return found


class _Maker:
    """Makes instances of a model from rows, for Django's populators."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    def from_db(self, alias: str, names: Sequence[str], values: Sequence[Any]) -> Any:
        return instance(self._model, names, values, alias)


class _Shape:
    """How the rows of a query become instances. Its SQL has been built."""

    def __init__(self, compiler: Any, alias: str) -> None:
        info = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1]
        self._compiler, self._alias = compiler, alias
        self._converters = compiler.get_converters([s[0] for s in compiler.select])
        self._model = info["model"]
        self._columns = slice(first, last + 1)
        self._names = [s[0].target.attname for s in compiler.select[self._columns]]
        self._annotations = dict(compiler.annotation_col_map or {})
        populators = get_related_populators(info, compiler.select, alias)
        self._populators = _quick(populators)

    def instances(self, rows: list[Any]) -> list[Any]:
        if self._converters:
            rows = self._compiler.apply_converters(rows, self._converters)
        return [self._instance(row) for row in rows]

    def _instance(self, row: Sequence[Any]) -> Any:
        values = row[self._columns]
        found = instance(self._model, self._names, values, self._alias)
        for name, column in self._annotations.items():
            setattr(found, name, row[column])
        for populator in self._populators:
            populator.populate(row, found)
        return found


@dataclass
class _Plan:
    """A compiled query."""

    sql: str
    params: list[Any]
    places: _Places
    shape: _Shape


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
        params = plan.params.copy()
        for position, number in plan.places:
            params[position] = values[number]
        with wrapper.cursor() as cursor:
            cursor.execute(plan.sql, params)
            rows = cursor.fetchall()
        return plan.shape.instances(rows)

    def _compile(self, wrapper: Any) -> _Plan:
        query = self.build(*_markers(self._values)).query
        compiler: Any = query.get_compiler(connection=wrapper)
        sql, params, places = _built(compiler, self._values)
        return _Plan(sql, params, places, _Shape(compiler, wrapper.alias))


def _quick(populators: list[Any]) -> list[Any]:
    """Let Django's populators of joined rows make instances by `_Maker`."""
    for each in populators:
        each.model_cls = _Maker(each.model_cls)
        _quick(each.related_populators)
    return populators


# Fields whose values of these types Django gives to the driver as they are.
_AS_THEY_ARE: Final[dict[type, type]] = {
    models.BigIntegerField: int,
    models.CharField: str,
    models.PositiveBigIntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.TextField: str,
}


class CompiledUpdate:
    """An UPDATE of one row or none, compiled once.

    `build` gets an expression for each of its values, and returns the rows and what is
    written to them. `fields` are the columns that the values are of or compared with,
    `returning` those that `row` returns.
    """

    def __init__(
        self,
        build: Callable[..., tuple[QuerySet[Any], dict[str, Any]]],
        fields: Sequence[Field[Any, Any]],
        returning: Sequence[Field[Any, Any]] = (),
    ) -> None:
        self.build: Final = build
        self._fields, self._returning = fields, returning
        self._plans: WeakKeyDictionary[Any, tuple[str, list[Any], _Places]] = (
            WeakKeyDictionary()
        )

    def __call__(self, *values: Any) -> int:
        """Run the UPDATE with plain `values`; return the number of rows."""
        if not settings.COMPILED_QUERIES:
            rows, changes = self.build(*values)
            return rows.update(**changes)
        if self._returning and self.can_return:
            return int(self.row(*values) is not None)
        return self.begin(*values)()

    def begin(self, *values: Any) -> Callable[[], int]:
        """Send the UPDATE; return a function that returns the number of rows.

        Call that once, after the block of `together` in which this is called.
        """
        if not settings.COMPILED_QUERIES:
            number = self(*values)
            return lambda: number
        cursor = connections[DEFAULT_DB_ALIAS].cursor()
        self._run(cursor, values)
        return result_of(cursor, lambda done: int(done.rowcount))

    @property
    def can_return(self) -> bool:
        """Tell whether `row` may be called."""
        return can_return()

    def row(self, *values: Any) -> tuple[Any, ...] | None:
        """Run the UPDATE; return the fields `returning` as they are now, or None."""
        return self.begin_row(*values)()

    def begin_row(self, *values: Any) -> Callable[[], tuple[Any, ...] | None]:
        """Send the UPDATE, as `begin` does; the result returns what `row` does."""
        cursor = connections[DEFAULT_DB_ALIAS].cursor()
        self._run(cursor, values)
        return result_of(cursor, self._returned)

    def _returned(self, cursor: Any) -> tuple[Any, ...] | None:
        rows = cursor.fetchall()
        table = self._returning[0].model._meta.db_table
        columns = [field.get_col(table) for field in self._returning]
        compiler: Any = UpdateQuery(None).get_compiler(connection=cursor.db)
        converters = compiler.get_converters(columns)
        return next(map(tuple, compiler.apply_converters(rows, converters)), None)

    def _run(self, cursor: Any, values: Sequence[Any]) -> None:
        wrapper = cursor.db
        plan = self._plans.get(wrapper)
        if plan is None:
            plan = self._plans[wrapper] = self._compile(wrapper)
        given = [
            value
            if type(value) is _AS_THEY_ARE.get(type(field))
            else field.get_db_prep_save(value, wrapper)
            for field, value in zip(self._fields, values, strict=True)
        ]
        sql, params, places = plan[0], plan[1].copy(), plan[2]
        for position, number in places:
            params[position] = given[number]
        cursor.execute(sql, params)

    def _compile(self, wrapper: Any) -> tuple[str, list[Any], _Places]:
        count = len(self._fields)
        rows, changes = self.build(*_markers(count))
        query: Any = rows.query.chain(UpdateQuery)
        query.clear_ordering(force=True)
        query.add_update_values(changes)
        sql, params, places = _built(query.get_compiler(connection=wrapper), count)
        return f"{sql} {self._return(wrapper)}", params, places

    def _return(self, wrapper: Any) -> str:
        """Return the end of the SQL."""
        if not self._returning or wrapper.vendor == "mysql":
            return ""
        return str(wrapper.ops.return_insert_columns(self._returning)[0])


class UpdateOfShown(CompiledUpdate, Generic[M]):
    """An UPDATE that also reads the rows that it changes; see `can_return`.

    `shown` has the columns that are read, of the rows' own table and by subqueries.
    """

    def __init__(
        self,
        build: Callable[..., tuple[QuerySet[Any], dict[str, Any]]],
        fields: Sequence[Field[Any, Any]],
        shown: Callable[[], QuerySet[M]],
    ) -> None:
        super().__init__(build, fields)
        self._shown = shown
        self._shapes: WeakKeyDictionary[Any, _Shape] = WeakKeyDictionary()

    def rows(self, *values: Any) -> list[M]:
        """Run the UPDATE; return the changed rows as they are now, in any order."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        with wrapper.cursor() as cursor:
            self._run(cursor, values)
            rows = cursor.fetchall()
        return self._shapes[wrapper].instances(rows)

    def _return(self, wrapper: Any) -> str:
        compiler: Any = self._shown().query.get_compiler(connection=wrapper)
        compiler.as_sql()
        self._shapes[wrapper] = _Shape(compiler, wrapper.alias)
        return "RETURNING " + ", ".join(sql for _, (sql, _), _ in compiler.select)


def can_return() -> bool:
    """Tell whether an UPDATE can return columns. MariaDB and MySQL cannot."""
    is_mysql = connections[DEFAULT_DB_ALIAS].vendor == "mysql"
    return bool(settings.COMPILED_QUERIES) and not is_mysql


def _markers(count: int) -> list[Value]:
    return [Value(_Marker(number)) for number in range(count)]


def _built(compiler: Any, count: int) -> tuple[str, list[Any], _Places]:
    """Return the SQL, its parameters, and the places of the values among them."""
    sql, params = compiler.as_sql()
    places = [(at, p.number) for at, p in enumerate(params) if type(p) is _Marker]
    if {number for _, number in places} != set(range(count)):
        raise TypeError("a value of the query is missing in its parameters")
    return sql, list(params), places
