"""The load of the accounts: how many tasks run and wait at each."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import DiscordAccount
from tasks.enums import RUNNING, TaskStatus
from tasks.models import Task

_OPEN: Final = sorted({*RUNNING, TaskStatus.NOT_START})


def with_load(accounts: QuerySet[DiscordAccount]) -> Any:
    """Annotate accounts with the numbers of their `running` and `waiting` tasks.

    All are counted in one pass: a look into the tasks for each account would cost
    several times as much.
    """
    accounts = accounts.all()
    query: Any = accounts.query
    query.get_initial_alias()
    query.alias_map[_Load.table_alias] = _Load()
    query.alias_refcount[_Load.table_alias] = 1
    return accounts.annotate(running=_count("running"), waiting=_count("waiting"))


def _count(name: str) -> RawSQL:
    return RawSQL(f"COALESCE(task_load.{name}, 0)", [], output_field=IntegerField())  # noqa: S611


class _Load:
    """A join with the counts, in the form in which a query holds its joins."""

    table_alias: Final = "task_load"
    table_name: Final = "task_load"
    parent_alias: Final = DiscordAccount._meta.db_table
    join_type: Final = "LEFT OUTER JOIN"
    filtered_relation = None
    nullable = True

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        quote = connection.ops.quote_name
        status, account = quote("status"), quote("account_id")
        waits = f"SUM(CASE WHEN {status} = %s THEN 1 ELSE 0 END)"
        marks = ", ".join(["%s"] * len(_OPEN))
        sql = (
            f"LEFT OUTER JOIN (SELECT {account}, {waits} AS waiting, "  # noqa: S608
            f"COUNT(*) - {waits} AS running FROM {quote(Task._meta.db_table)} "
            f"WHERE {status} IN ({marks}) GROUP BY {account}) task_load "
            f"ON task_load.{account} = {quote(self.parent_alias)}.{quote('id')}"
        )
        return sql, [TaskStatus.NOT_START.value] * 2 + [str(s) for s in _OPEN]

    def relabeled_clone(self, change_map: Any) -> _Load:
        return self
