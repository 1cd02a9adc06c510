"""Answered requests survive a loss of power."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.utils import ConnectionHandler

from accounts.models import DiscordAccount, User
from mjproxy.db.database_url import database
from mjproxy.db.sqlite import log
from mjproxy.lib.db import durability
from tasks.submit import row
from tasks.submit.row import Caller
from tests.factories import make_task

PATIENCE = 20.0  # seconds
NORMAL, FULL = 1, 2
pytestmark = pytest.mark.django_db(transaction=True)


class Disk:
    """Counts the calls for the disk; each runs `meanwhile` first."""

    def __init__(self) -> None:
        self.calls = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def fsync(self, _: int) -> None:
        self.calls += 1
        self.meanwhile()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "fsync", made.fsync)
    return made


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(database("", tmp_path)["NAME"])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Opens connections to one new database, whose table `t` is empty."""
    made: list[Any] = []

    def opening() -> Any:
        wrapper = ConnectionHandler({"default": database("", tmp_path)})["default"]
        wrapper.inc_thread_sharing()
        wrapper.ensure_connection()
        made.append(wrapper)
        return wrapper

    run(opening(), "CREATE TABLE t (n INTEGER)")
    yield opening
    for each in made:
        each.close()


def run(wrapper: Any, sql: str) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def write(wrapper: Any) -> None:
    """Write two rows in one transaction."""
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    run(wrapper, "INSERT INTO t VALUES (1)")
    run(wrapper, "INSERT INTO t VALUES (2)")
    wrapper.commit()
    wrapper.set_autocommit(True)


def test_a_commit_returns_when_its_log_is_on_the_disk(
    opened: Callable[[], Any], disk: Disk
) -> None:
    wrapper = opened()

    write(wrapper)

    assert disk.calls == 1


def test_so_does_a_statement_of_its_own(opened: Callable[[], Any], disk: Disk) -> None:
    wrapper = opened()

    run(wrapper, "INSERT INTO t VALUES (1)")
    assert disk.calls == 1
    run(wrapper, "INSERT INTO t VALUES (2) RETURNING n")
    assert disk.calls == 2


def test_what_has_written_nothing_does_not_wait(
    opened: Callable[[], Any], disk: Disk
) -> None:
    wrapper = opened()

    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    run(wrapper, "SELECT * FROM t")
    wrapper.commit()
    wrapper.set_autocommit(True)

    assert disk.calls == 0


def test_others_may_write_while_a_commit_waits_for_the_disk(
    opened: Callable[[], Any], path: str, disk: Disk
) -> None:
    wrapper = opened()
    seen: list[int] = []

    def another() -> None:
        with closing(sqlite3.connect(path, timeout=0)) as file:
            file.execute("BEGIN IMMEDIATE")
            seen.extend(file.execute("SELECT COUNT(*) FROM t").fetchone())
            file.rollback()

    disk.meanwhile = another
    write(wrapper)

    assert seen == [2]


class Door:
    """The lock of a log; `before` runs when a thread wants to enter."""

    def __init__(self, lock: Any, before: Callable[[], object]) -> None:
        self.lock, self.before = lock, before

    def __enter__(self) -> None:
        self.before()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_commits_that_come_while_the_disk_works_share_the_next_call(
    opened: Callable[[], Any], disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = (opened() for _ in range(4))
    threads = [threading.Thread(target=write, args=[each]) for each in others]
    come = threading.Barrier(len(others) + 1)

    def come_in() -> None:
        if threading.current_thread() in threads:
            come.wait(PATIENCE)

    def begin_others() -> None:
        disk.meanwhile = lambda: None
        for thread in threads:
            thread.start()
        come.wait(PATIENCE)

    its_log = first.connection.log
    monkeypatch.setattr(its_log, "_flushing", Door(its_log._flushing, come_in))
    disk.meanwhile = begin_others
    write(first)
    for thread in threads:
        thread.join(PATIENCE)

    assert disk.calls == 2
    assert run(first, "SELECT COUNT(*) FROM t") == [(8,)]


def test_a_disk_that_fails_is_an_error_of_the_database(
    opened: Callable[[], Any], disk: Disk
) -> None:
    wrapper = opened()

    def fail() -> None:
        raise OSError("the disk is gone")

    disk.meanwhile = fail

    with pytest.raises(OperationalError, match="the disk is gone"):
        run(wrapper, "INSERT INTO t VALUES (1)")


def test_the_gateway_may_lose_what_discord_tells_again(
    opened: Callable[[], Any], disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "_relaxed", False)
    durability.relax()

    write(opened())

    assert disk.calls == 0


def test_a_long_log_is_moved_to_the_database_by_a_thread(
    opened: Callable[[], Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = opened()
    monkeypatch.setattr(log, "OFTEN", 1)

    write(wrapper)
    for thread in threading.enumerate():
        if thread.name == "log":
            thread.join(PATIENCE)

    assert Path(path).read_bytes().count(b"CREATE TABLE t") == 1


def test_a_database_without_a_log_is_written_by_sqlite_alone(tmp_path: Path) -> None:
    settings = database("", tmp_path)
    settings["OPTIONS"]["init_command"] = "PRAGMA synchronous=FULL"
    wrapper: Any = ConnectionHandler({"default": settings})["default"]

    try:
        assert run(wrapper, "PRAGMA synchronous") == [(FULL,)]
    finally:
        wrapper.close()


def test_the_connections_of_the_product_do_so(disk: Disk) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own matter")
    with transaction.atomic():
        User.objects.create(username="someone")

    assert disk.calls == 1
    assert run(connection, "PRAGMA synchronous") == [(NORMAL,)]


def test_an_id_that_another_request_has_written_is_on_the_disk_too(
    alice: User, account: DiscordAccount, disk: Disk
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own matter")
    make_task(alice, account=account, idempotency_key="once")
    disk.calls = 0

    assert row.replayed(Caller(alice, idempotency_key="once"))
    assert disk.calls == 1
