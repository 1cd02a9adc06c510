"""What a gateway writes need not outlive a loss of power at once (ADR 0019)."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created


def relax() -> None:
    """Let this process's commits on SQLite go to the disk with the next one that must.

    They say what Discord told, and Discord's history tells it again. Call it before the
    first connection.
    """
    connection_created.connect(_relax)


def _relax(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")
