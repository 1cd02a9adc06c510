"""Durability of commits on SQLite: whether this process waits for the disk (ADR 0019).

PostgreSQL and MySQL always wait.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

_relaxed = False


def relax() -> None:
    """Let commits of this process return before they are on the disk.

    A loss of power may undo the last ones. It is for facts that can be read again.
    """
    global _relaxed
    _relaxed = True


def is_relaxed() -> bool:
    """Tell whether this process does not wait for the disk."""
    return _relaxed


def wait() -> None:
    """Wait until what this thread has read from others is on the disk.

    On SQLite a commit can be read a moment before that.
    """
    wrapper: Any = connection
    if wrapper.vendor == "sqlite":
        with wrapper.wrap_database_errors:
            wrapper.connection.settle()
