"""Load of the accounts: the numbers of tasks that run and wait.

This module answers the port `accounts.ports.load`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from django.db import connection
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from accounts.limits.allowed import running_limits
from accounts.models import DiscordAccount
from mjproxy.lib.db.together import result_of
from tasks.enums import LOADING, RUNNING, TaskStatus
from tasks.models import Task


def with_load(accounts: QuerySet[DiscordAccount]) -> Any:
    """Annotate accounts with `load` and `waiting`, their numbers of tasks.

    `load` counts running and waiting tasks, for all accounts in one pass over an index
    of open tasks. A subquery for each account takes several times as long.
    """
    accounts = accounts.all()
    query: Any = accounts.query
    query.get_initial_alias()
    query.alias_map[_Load.table_alias] = _Load()
    query.alias_refcount[_Load.table_alias] = 1
    load: Any = RawSQL("COALESCE(task_load.size, 0)", [], output_field=IntegerField())
    return accounts.alias(load=load, waiting=_count(TaskStatus.NOT_START))


def counts() -> tuple[dict[int, int], dict[int, int]]:
    """Return the numbers of running and of waiting tasks, by account; 0 is left out."""
    running: dict[int, int] = {}
    queued: dict[int, int] = {}
    rows = (
        Task.objects.filter(status__in=[*RUNNING, TaskStatus.NOT_START])
        .exclude(account=None)
        .order_by()
        .values_list("account", "status")
        .annotate(Count("pk"))
    )
    for account, status, count in rows:
        numbers = queued if status == TaskStatus.NOT_START else running
        numbers[account] = numbers.get(account, 0) + count
    return running, queued


def begin_count(account: DiscordAccount) -> Callable[[], int]:
    """Count the tasks that wait at an account; return a function that returns it.

    Call that once, after the block of `together` in which this is called.
    """
    quote = connection.ops.quote_name
    table, own, status = map(quote, (Task._meta.db_table, "account_id", "status"))
    # Plain SQL: building it costs Django ten times what the database needs.
    sql = f"SELECT COUNT(*) FROM {table} WHERE {own} = %s AND {status} = %s"  # noqa: S608
    cursor = connection.cursor()
    cursor.execute(sql, [account.pk, TaskStatus.NOT_START.value])
    return result_of(cursor, lambda found: int(found.fetchone()[0]))


def waiting_of_user(user_id: int) -> int:
    """Return the number of a user's tasks that wait."""
    return of_users([user_id]).get(user_id, (0, 0))[0]


def running_of_users(user_ids: Collection[int]) -> dict[int, int]:
    """Return the numbers of tasks of users that run, at all accounts."""
    return {user: running for user, (_, running) in of_users(user_ids).items()}


def full_users(user_ids: Collection[int]) -> dict[int, int]:
    """Return the users of whom as many tasks run as may, each with that number."""
    return full_among(running_limits(user_ids))


def full_among(limits: Mapping[int, int]) -> dict[int, int]:
    """Return those of the users with limits of whom as many tasks run as may."""
    running = running_of_users(limits) if limits else {}
    return {user: most for user, most in limits.items() if running.get(user, 0) >= most}


def of_users(user_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return the numbers of waiting and of running tasks, by user.

    Users without any are missing. The open statuses are literals, as in the partial
    index (see `_Load`).
    """
    quote = connection.ops.quote_name
    table, owner, status = map(quote, (Task._meta.db_table, "owner_id", "status"))
    open_ones = ", ".join(f"'{each.value}'" for each in LOADING)
    places = ", ".join(["%s"] * len(user_ids))
    waits = (
        f"SUM(CASE WHEN {status} = '{TaskStatus.NOT_START.value}' THEN 1 ELSE 0 END)"
    )
    sql = (
        f"SELECT {owner}, {waits}, COUNT(*) FROM {table} "  # noqa: S608
        f"WHERE {owner} IN ({places}) AND {status} IN ({open_ones}) GROUP BY {owner}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, list(user_ids))
        rows = cursor.fetchall()
    return {user: (int(waits), int(count - waits)) for user, waits, count in rows}


def with_counts(accounts: QuerySet[DiscordAccount]) -> QuerySet[DiscordAccount]:
    """Return the accounts with `running` and `waiting`, to show and to sort by."""
    return accounts.annotate(
        running=_count(*RUNNING), waiting=_count(TaskStatus.NOT_START)
    )


def _count(*statuses: TaskStatus) -> Coalesce:
    rows = Task.objects.filter(account=OuterRef("pk"), status__in=statuses).order_by()
    counted = rows.values("account").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class _Load:
    """A join with the counts, with the interface of a query's joins."""

    table_alias: Final = "task_load"
    table_name: Final = "task_load"
    parent_alias: Final = DiscordAccount._meta.db_table
    join_type: Final = "LEFT OUTER JOIN"
    filtered_relation = None
    nullable = True

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        """Return the SQL of the join.

        The statuses are literals, as in the partial index: SQLite uses a partial index
        only for the same condition, and without statistics only if it is named.
        """
        quote = connection.ops.quote_name
        account, status = quote("account_id"), quote("status")
        open_ones = ", ".join(f"'{each.value}'" for each in LOADING)
        hint = "INDEXED BY task_open" if connection.vendor == "sqlite" else ""
        sql = (
            f"LEFT OUTER JOIN (SELECT {account}, COUNT(*) AS size "  # noqa: S608
            f"FROM {quote(Task._meta.db_table)} {hint} WHERE {status} IN ({open_ones}) "
            f"GROUP BY {account}) task_load "
            f"ON task_load.{account} = {quote(self.parent_alias)}.{quote('id')}"
        )
        return sql, []

    def relabeled_clone(self, change_map: Any) -> _Load:
        return self
