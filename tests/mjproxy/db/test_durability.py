"""Answered requests survive a loss of power."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler

from gateway.sockets import durability
from mjproxy.db.database_url import database

NORMAL, FULL = 1, 2
pytestmark = pytest.mark.django_db(transaction=True)


def test_sqlite_has_written_a_commit_before_it_says_so(tmp_path: Path) -> None:
    handler = ConnectionHandler({"default": database("", tmp_path)})

    with handler["default"].cursor() as cursor:
        found = [_pragma(cursor, name) for name in ("journal_mode", "synchronous")]
    handler["default"].close()

    assert found == ["wal", FULL]


def test_so_does_the_connection_of_every_thread() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own matter")
    found: list[object] = []

    def look() -> None:
        with connection.cursor() as cursor:
            found.append(_pragma(cursor, "synchronous"))
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [FULL, FULL]


def test_the_gateway_may_lose_what_discord_tells_again(tmp_path: Path) -> None:
    durability.relax()
    handler = ConnectionHandler({"default": database("", tmp_path)})
    try:
        with handler["default"].cursor() as cursor:
            assert _pragma(cursor, "synchronous") == NORMAL
    finally:
        handler["default"].close()
        connection_created.disconnect(durability._relax)


def _pragma(cursor: object, name: str) -> object:
    cursor.execute(f"PRAGMA {name}")  # type: ignore[attr-defined]
    return cursor.fetchone()[0]  # type: ignore[attr-defined]
