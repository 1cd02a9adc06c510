"""The engine for SQLite: Django finds it by the name of this package.

With `synchronous=FULL` a commit waits for the disk while it holds the lock of the one
writer, so all processes wait along. Here a commit gives the lock back first. Then it
waits until the log is on the disk, and only then it returns (ADR 0019).
"""

from __future__ import annotations

import sqlite3
from functools import cache, lru_cache
from typing import Any, Final

from django.db.backends.sqlite3 import base

from mjproxy.db.sqlite.log import Log
from mjproxy.lib.db import durability

# Pages of the log at which a commit moves them to the database itself. Usually a thread
# has done it before (`Log`).
_LONG: Final = 6000

_log: Final = cache(Log)  # one for each path
_in_qmark_style: Final = lru_cache(maxsize=2000)(
    lambda query: base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
)


class Connection(sqlite3.Connection):
    """A connection whose commits, also those of single statements, reach the disk."""

    log: Log | None = None
    kept = 0  # `total_changes` when they were on the disk

    def commit(self) -> None:
        super().commit()
        self.keep()

    def keep(self) -> None:
        """Wait until what was written is on the disk. Raises OperationalError."""
        if self.log is None or self.total_changes == self.kept or self.in_transaction:
            return
        self.log.note_commit()
        if not durability.is_relaxed():
            self.settle()
        self.kept = self.total_changes

    def settle(self) -> None:
        """Wait until all that is committed is on the disk. Raises OperationalError."""
        try:
            if self.log is not None:
                self.log.flush()
        except OSError as exc:
            raise sqlite3.OperationalError(f"disk I/O error: {exc}") from exc


class Cursor(base.SQLiteCursorWrapper):
    connection: Connection

    def execute(self, query: str, params: Any = None) -> Any:
        done = super().execute(query, params)
        self.connection.keep()
        return done

    def close(self) -> None:
        super().close()
        self.connection.keep()  # a statement with RETURNING has ended only now

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        """Return the query in SQLite's style, from memory if it was converted once."""
        if param_names is None:
            return str(_in_qmark_style(query))
        named: Any = super()  # the types of Django lack it
        return str(named.convert_query(query, param_names=param_names))


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection that commits to the log, and waits for the disk without a lock."""

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"factory": Connection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        path = made.execute("PRAGMA database_list").fetchone()[2]
        # A file system without shared memory has no log.
        if path and made.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            made.execute("PRAGMA synchronous=NORMAL")
            made.execute(f"PRAGMA wal_autocheckpoint={_LONG}")
            made.log, made.kept = _log(path), made.total_changes
        return made

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)
