"""`copy_database` copies everything into an empty database of any kind, or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e import services
from tests.mjproxy.backups.installation import Installation

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]
AUDIT = ("accounts_auditentry", "accounts.AuditEntry")


def rows_of(installation: Installation) -> dict[str, list[str]]:
    """Return all rows but the audit log, in which each copy is an entry."""
    found = installation.content()
    return {name: rows for name, rows in found.items() if name not in AUDIT}


def test_it_copies_there_and_back(installation: Installation, tmp_path: Path) -> None:
    before = rows_of(installation)
    other = Installation(tmp_path / "other")
    other.data.mkdir(mode=0o700)

    said = installation.done("copy_database", "--to", f"sqlite:///{other.database}")
    if installation.is_sqlite:
        back, address = other, f"sqlite:///{tmp_path / 'back.sqlite3'}"
    else:  # the given database, emptied
        back, address = installation, services.given_services()["DATABASE_URL"]
    other.done("copy_database", "--to", address)

    if installation.is_sqlite:
        Path(tmp_path / "back.sqlite3").replace(other.database)
    assert rows_of(back) == before
    assert "row(s) copied and compared." in said
    assert "tasks.task: " in said


def test_a_database_that_holds_a_table_is_left_alone(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "full.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE mine (x)")
        database.commit()

    line = installation.refused("copy_database", "--to", f"sqlite:///{file}")

    assert "not empty" in line
    with closing(sqlite3.connect(file)) as database:
        names = database.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("mine",)]


def test_its_own_database_is_refused(installation: Installation) -> None:
    url = installation.services.get("DATABASE_URL") or (
        f"sqlite:///{installation.database}"
    )
    before = rows_of(installation)

    assert "not empty" in installation.refused("copy_database", "--to", url)
    assert rows_of(installation) == before


@pytest.mark.parametrize(
    "url",
    [
        "",
        "oracle://user:very-secret-word@h/db",
        "sqlite://:memory:",
        "postgres://nobody:very-secret-word@127.0.0.1:1/none",
        "sqlite:////proc/none/db.sqlite3",
    ],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(
    installation: Installation, url: str
) -> None:
    line = installation.refused("copy_database", "--to", url)

    assert "very-secret-word" not in line


def test_an_error_on_the_way_leaves_the_target_empty(
    installation: Installation, tmp_path: Path
) -> None:
    """Rows that refer to none are taken from SQLite, which then checks them."""
    if not installation.is_sqlite:
        pytest.skip("the servers let nobody write such rows")
    with closing(sqlite3.connect(installation.database)) as database:
        database.execute("UPDATE tasks_task SET owner_id = 999999")
        database.commit()
    file = tmp_path / "new.sqlite3"

    line = installation.refused("copy_database", "--to", f"sqlite:///{file}")

    assert "does not take the rows" in line
    with closing(sqlite3.connect(file)) as database:
        tables = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        assert database.execute(tables).fetchall() == []
