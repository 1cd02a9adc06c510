"""The database between two tests is the one that Django's flush would leave."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from tests.empty_database import KEPT, empty, filled, tables
from tests.factories import make_account

pytestmark = pytest.mark.django_db(transaction=True)


def named(table: str, columns: str) -> set[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table}")  # noqa: S608
        return set(cursor.fetchall())


def known() -> list[set[tuple[Any, ...]]]:
    """Return the content types and the permissions, without their numbers."""
    return [
        named("django_content_type", "app_label, model"),
        named("auth_permission", "codename, name"),
    ]


def test_rows_that_refer_to_each_other_are_gone() -> None:
    make_account()
    User.objects.create_user("somebody")
    assert filled(tables())

    empty()

    assert filled(tables()) == []


def test_what_is_kept_is_what_a_flush_would_write_anew() -> None:
    kept = known()

    call_command("flush", verbosity=0, interactive=False)

    assert all(kept)
    assert known() == kept
    assert filled(tables()) == []


def test_every_other_table_is_emptied() -> None:
    every = set(connection.introspection.table_names())

    assert every - set(tables()) == KEPT
