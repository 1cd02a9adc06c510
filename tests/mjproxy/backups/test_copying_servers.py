"""`copy_database` from SQLite and back: every table, kills, wrong copies.

The other side is of the kind that the run was given, SQLite if it was given none.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e import services
from tests.e2e.faulty import own_database
from tests.mjproxy.backups.every_table import EVERY
from tests.mjproxy.backups.installation import FILLED, SETUP, Installation

pytestmark = [pytest.mark.timeout(240), pytest.mark.database]
GIVEN = os.environ.get("DATABASE_URL", "")
AUDIT = ("accounts_auditentry", "accounts.AuditEntry")
# Both patch what runs, so that the copy ends in the middle.
COPY = """
import sys
from mjproxy.backups import rows
{patch}
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "copy_database", "--to", sys.argv[1]])
"""
KILLED = """
import os
insert = rows._insert
def dying(connection, model, *rest):
    insert(connection, model, *rest)
    if model._meta.label_lower == "tasks.task":
        os.kill(os.getpid(), 9)
rows._insert = dying
"""
CHANGED = """
fill = rows.fill
def changing(connection, *rest):
    found = fill(connection, *rest)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_discordaccount SET weight = weight + 1")
        cursor.execute("DELETE FROM tasks_webhookdelivery")
    return found
rows.fill = changing
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return an installation on SQLite with rows in every table."""
    found = Installation(tmp_path_factory.mktemp("full") / "data")
    found.python(FILLED + EVERY)
    return found


@contextmanager
def _mysql_database() -> Iterator[str]:
    """Make a database; yield its address."""
    name = f"mjproxy_copied_{os.getpid()}"
    with closing(services.mysql_server(GIVEN)) as server:
        server.query(f"DROP DATABASE IF EXISTS {name}")
        server.query(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(GIVEN)._replace(path=f"/{name}").geturl()
        finally:
            server.query(f"DROP DATABASE {name}")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database."""
    if GIVEN.startswith("postgres"):
        with own_database(GIVEN, urlsplit(GIVEN).port or 5432) as url:
            yield url
    elif GIVEN:
        with _mysql_database() as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path / 'target.sqlite3'}"


def content(installation: Installation) -> dict[str, list[str]]:
    """Return all rows of a SQLite file but the audit log: each copy is an entry."""
    found = installation.content()
    return {
        name: sorted(repr([*map(_ordered, ast.literal_eval(row))]) for row in rows)
        for name, rows in found.items()
        if name not in AUDIT
    }


def _ordered(value: object) -> object:
    """Return JSON with its members in order: PostgreSQL has an order of its own."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    return json.dumps(json.loads(value), sort_keys=True)


def copying(
    source: Installation, target: str, patch: str
) -> subprocess.CompletedProcess[str]:
    """Copy, with code that is changed."""
    code = SETUP + COPY.format(patch=patch)
    return subprocess.run(
        [sys.executable, "-c", code, target],
        env=source.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_table_comes_there_and_back(
    full: Installation, target: str, tmp_path: Path
) -> None:
    before = content(full)
    there = Installation(tmp_path / "there", {"DATABASE_URL": target})
    back = Installation(tmp_path / "back")
    for each in (there, back):
        each.data.mkdir(mode=0o700)

    said = full.done("copy_database", "--to", target)
    there.done("copy_database", "--to", f"sqlite:///{back.database}")

    assert all(before.values()), [name for name, rows in before.items() if not rows]
    assert content(back) == before
    counted = [line.split(": ")[1] for line in said.splitlines()[:-1]]
    assert len(counted) == len(before) + len(AUDIT) - 1
    assert not [line for line in counted if line.startswith("0 row(s)")]


def test_a_copy_that_was_killed_is_begun_anew_or_refused_with_the_reason(
    full: Installation, target: str
) -> None:
    killed = copying(full, target, KILLED)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    if target.startswith("postgres"):  # it was one transaction, so nothing is there
        assert "copied and compared" in full.done("copy_database", "--to", target)
    else:
        line = full.refused("copy_database", "--to", target)
        assert "The database is not empty" in line
        assert "left from a copy that was cut off" in line
    assert not list(full.data.glob(".copy-*"))


def test_a_copy_that_differs_is_told_and_leaves_nothing(
    full: Installation, target: str
) -> None:
    ended = copying(full, target, CHANGED)

    assert ended.returncode == 1, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert "The copy differs: accounts.discordaccount (1 row(s) here, 1 there)" in line
    assert "tasks.webhookdelivery (1 row(s) here, 0 there)" in line
    assert "copied and compared" in full.done("copy_database", "--to", target)
