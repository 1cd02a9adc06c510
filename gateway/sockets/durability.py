"""Relax the durability of commits on SQLite in a gateway process (ADR 0019)."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created


def relax() -> None:
    """Set `synchronous=NORMAL` for this process's SQLite connections.

    A loss of power may undo the last commits. They hold events of Discord, which its
    history repeats. Call it before the first connection.
    """
    connection_created.connect(_relax)


def _relax(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")
