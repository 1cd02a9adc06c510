"""MySQL behaves as the other databases do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.utils import DataError

from accounts.models import DiscordAccount, User
from tasks.models import Task
from tests.factories import make_account, make_task, make_user

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("other", ["ALICE", "alicé", "alice ", "älice", "alice😀"])
def test_names_differ_letter_by_letter(alice: User, other: str) -> None:
    make_user(other)

    assert User.objects.filter(username="alice").count() == 1
    assert User.objects.get(username=other).pk != alice.pk


def test_signs_beyond_the_first_plane_differ_too() -> None:
    make_user("😀")
    make_user("😎")

    assert User.objects.filter(username="😀").count() == 1


def test_the_same_name_twice_is_refused(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="alice")


@pytest.mark.parametrize("lookup", ["icontains", "iexact", "istartswith", "iendswith"])
def test_searches_do_not_mind_capitals(lookup: str) -> None:
    found = make_account(remark="Red_50%\\")
    make_account(remark="blue")
    make_account(remark="red550x")

    assert DiscordAccount.objects.get(**{f"remark__{lookup}": "rED_50%\\"}) == found


def test_moments_are_kept_to_the_microsecond(alice: User) -> None:
    task = make_task(alice, submitted_at=MOMENT, deadline_at=MOMENT)

    Task.objects.update(deadline_at=F("deadline_at") + timedelta(microseconds=1))

    task.refresh_from_db()
    assert task.submitted_at == MOMENT
    assert task.deadline_at == MOMENT + timedelta(microseconds=1)


def test_an_update_counts_the_rows_it_finds(account: DiscordAccount) -> None:
    rows = DiscordAccount.objects.filter(pk=account.pk)

    assert rows.update(remark="same") == 1
    assert rows.update(remark="same") == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="it has no lengths")
def test_text_that_does_not_fit_is_refused_and_not_cut(account: DiscordAccount) -> None:
    with pytest.raises(DataError), transaction.atomic():
        DiscordAccount.objects.filter(pk=account.pk).update(group="x" * 81)


def test_what_is_json_comes_back_as_it_was(alice: User) -> None:
    value = {"Ä😀": [1, 1.5, None, True, "a\\\"b'"], "": {}}
    task = make_task(alice, account_filter=value)

    task.refresh_from_db()
    assert task.account_filter == value
    assert Task.objects.filter(account_filter=value).exists()
    assert not Task.objects.filter(account_filter={"ä😀": 1}).exists()


@pytest.mark.skipif(connection.vendor != "mysql", reason="asks MySQL's own catalogue")
def test_every_table_is_exact_and_undoes_what_fails() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, table_collation, engine FROM information_schema.tables "
            "WHERE table_schema = DATABASE()"
        )
        tables = cursor.fetchall()
        cursor.execute(
            "SHOW SESSION VARIABLES WHERE variable_name IN "
            "('sql_mode', 'tx_isolation', 'transaction_isolation')"
        )
        variables = dict(cursor.fetchall())

    odd = [row for row in tables if not row[1].endswith("_bin") or row[2] != "InnoDB"]
    assert len(tables) > 30
    assert odd == []
    assert "STRICT_TRANS_TABLES" in variables.pop("sql_mode")
    assert set(variables.values()) == {"READ-COMMITTED"}
