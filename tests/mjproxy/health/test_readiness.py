"""Readiness of database, disk and accounts."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import User
from mjproxy.health import readiness
from mjproxy.lib.process.disk_full import is_full
from tests.mjproxy.health.health_pages import connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def read_only(db: None) -> Iterator[None]:
    """Let the database refuse writes, as a standby does."""
    ways = {
        "sqlite": ("PRAGMA query_only=1", "PRAGMA query_only=0"),
        "postgresql": ("SET TRANSACTION READ ONLY", ""),
        "mysql": ("", ""),
    }
    before, after = ways[connection.vendor]
    if not before:
        pytest.skip("needs rights of the server's own user")
    connection.ensure_connection()
    raw: Any = connection.connection  # Django's own takes nothing after an error
    raw.cursor().execute(before)
    yield
    if after:
        raw.cursor().execute(after)


def test_a_database_that_only_reads_is_found_out(read_only: None) -> None:
    assert readiness.database() == "ok"
    assert readiness.writes() == "read-only"


def test_a_question_about_writes_changes_nothing(alice: User) -> None:
    before = User.objects.values_list().get(pk=alice.pk)

    assert readiness.writes() == "ok"

    assert User.objects.values_list().get(pk=alice.pk) == before


def test_tables_of_an_older_version_are_found_out() -> None:
    readiness._seen_up_to_date().clear()
    MigrationRecorder(connection).record_unapplied("tasks", "0001_initial")

    assert readiness.tables() == "missing"

    MigrationRecorder(connection).record_applied("tasks", "0001_initial")
    assert readiness.tables() == "ok"


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "ok"),
        ({"is_live": False}, "none"),
        ({"session_id": ""}, "none"),
        ({"lease_until": timezone.now() - timedelta(seconds=1)}, "none"),
        ({"revision": 77}, "none"),
    ],
)
def test_an_account_counts_whose_socket_is_open(
    facts: dict[str, Any], word: str
) -> None:
    connected(**facts)

    assert readiness.accounts() == word


@pytest.mark.parametrize(("free", "word"), [(10**12, "ok"), (10**6, "full")])
def test_a_disk_that_is_nearly_full_is_found_out(
    monkeypatch: pytest.MonkeyPatch, free: int, word: str
) -> None:
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    assert readiness.disk() == word


@pytest.mark.parametrize(
    "exc",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("database or disk is full"),
        OperationalError('could not extend file "base/1": No space left on device'),
        OperationalError(1114, "The table 'tasks_task' is full"),
        OperationalError(1021, "Disk full (/tmp/#sql); waiting for someone"),
    ],
)
def test_a_full_disk_has_many_words(exc: Exception) -> None:
    assert is_full(exc)


@pytest.mark.parametrize(
    "exc",
    [
        OSError(errno.EACCES, "Permission denied"),
        OperationalError("the database system is shutting down"),
        DatabaseError("full outer join"),
        ValueError("disk is full"),
    ],
)
def test_other_troubles_are_no_full_disk(exc: Exception) -> None:
    assert not is_full(exc)


def test_sqlite_says_it_in_these_words(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "small.sqlite3")
    try:
        database.execute("CREATE TABLE t (x)")
        database.execute("PRAGMA max_page_count=3")
        with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
            database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    finally:
        database.close()
