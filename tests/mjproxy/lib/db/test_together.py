"""Statements that go to PostgreSQL in one round trip."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import DiscordAccount
from mjproxy.lib.db.together import IDLE, result_of, together
from tests.factories import make_account

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="it alone has these"),
]


def rename(account: DiscordAccount) -> Any:
    """Send an UPDATE; return the function that returns its number of rows."""
    cursor = connection.cursor()
    sql = "UPDATE accounts_discordaccount SET remark = 'new' WHERE id = %s"
    cursor.execute(sql, [account.pk])
    return result_of(cursor, lambda done: int(done.rowcount))


def state() -> tuple[bool, int]:
    """Return what psycopg holds for its `autocommit`, and whether anything is open."""
    made: Any = connection.connection
    return made.autocommit, made.info.transaction_status


def remark(account: DiscordAccount) -> str:
    account.refresh_from_db()
    return account.remark


def test_begin_goes_with_the_first_statements() -> None:
    account = make_account(remark="old")

    with transaction.atomic():
        with together():
            renamed = rename(account)
        is_open = state()[1] != IDLE

    assert (renamed(), is_open, remark(account)) == (1, True, "new")
    assert state() == (True, IDLE)


def fail_after(renamed: DiscordAccount) -> None:
    """Rename in a `together` block whose second statement fails."""
    with transaction.atomic(), together():
        rename(renamed)
        connection.cursor().execute("SELECT 1 / 0")


def test_a_transaction_that_began_so_is_rolled_back() -> None:
    account = make_account(remark="old")

    with transaction.atomic():
        with together():
            rename(account)
        transaction.set_rollback(True)

    assert remark(account) == "old"
    assert state() == (True, IDLE)


def test_a_statement_that_fails_undoes_those_before_it() -> None:
    account = make_account(remark="old")

    with pytest.raises(DatabaseError):
        fail_after(account)

    assert remark(account) == "old"
    assert state() == (True, IDLE)


def test_a_savepoint_inside_is_undone_alone() -> None:
    one, two = make_account(remark="old"), make_account(remark="old")

    with transaction.atomic():
        with together():
            rename(one)
        with pytest.raises(DatabaseError):
            fail_after(two)

    assert (remark(one), remark(two)) == ("new", "old")


def test_the_next_transaction_begins_as_always() -> None:
    account = make_account(remark="old")
    with transaction.atomic(), together():
        rename(account)

    with transaction.atomic():
        DiscordAccount.objects.update(remark="newer")
        transaction.set_rollback(True)

    assert remark(account) == "new"


def test_without_a_transaction_none_begins() -> None:
    account = make_account(remark="old")

    with together():
        rename(account)

    assert (state(), remark(account)) == ((True, IDLE), "new")
