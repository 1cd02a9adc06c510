"""MySQL's rules for UPDATE, checked for every UPDATE on any database.

The tests mostly run on SQLite, which accepts everything.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.models.sql.compiler import SQLUpdateCompiler

_as_sql = SQLUpdateCompiler.as_sql


def checked_as_sql(self: SQLUpdateCompiler) -> Any:
    """Build an UPDATE, and fail if MySQL would refuse it or do something else."""
    sql, params = _as_sql(self)
    if sql:
        _reads_no_own_table(self, sql)
        _reads_nothing_written(self)
    return sql, params


def _reads_no_own_table(compiler: Any, sql: str) -> None:
    """MySQL refuses it (error 1093), and of joins it makes two statements."""
    table = compiler.quote_name_unless_alias(compiler.query.get_meta().db_table)
    assert not re.search(rf"\b(FROM|JOIN) {re.escape(table)}", sql), (
        f"an UPDATE reads its own table: {sql}"
    )


def _reads_nothing_written(compiler: Any) -> None:
    """MySQL assigns from left to right: a column that was written has its new value."""
    written: set[str] = set()
    for field, _, value in compiler.query.values:
        if hasattr(value, "resolve_expression"):
            query = compiler.query.chain()
            resolved = value.resolve_expression(query, allow_joins=False, for_save=True)
            sql, _ = compiler.compile(resolved)
            late = sorted(name for name in written if name in sql)
            assert not late, f"{field.column} is computed after {late} was written"
        written.add(compiler.quote_name_unless_alias(field.column))
