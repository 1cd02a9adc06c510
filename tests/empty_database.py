"""Empty the database after a test that commits: a fast replacement of Django's flush.

Django's flush empties every table and then runs `post_migrate`, which writes all
content types and permissions anew. Here only the tables that hold rows are emptied, and
those two keep their rows, which never differ from what `post_migrate` would write.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.db import connection, transaction

# Written by `post_migrate` when the database is made.
KEPT: Final = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@cache
def tables() -> list[str]:
    """Return the names of the tables that tests may fill."""
    found = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    return sorted(set(found) - KEPT)


def filled(names: list[str]) -> list[str]:
    """Return those tables that hold a row, found by one query."""
    quoted = [connection.ops.quote_name(name) for name in names]
    looks = ", ".join(f"EXISTS(SELECT 1 FROM {name})" for name in quoted)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {looks}")
        return [
            name
            for name, is_full in zip(names, cursor.fetchone(), strict=True)
            if is_full
        ]


def empty(_: Any = None) -> None:
    """Delete all rows in one transaction; no foreign key is checked before its end."""
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        for name in filled(tables()):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")  # noqa: S608
