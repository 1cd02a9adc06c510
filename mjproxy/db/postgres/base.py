"""The engine for PostgreSQL: Django finds it by the name of this package.

A server, or the network before it, may fall silent without closing a connection, and
TCP would wait for many minutes. Here every wait has a limit
(`mjproxy/lib/db/time_limits.py`): a connection that does not answer is closed and its
call fails. All connections that last answered before this silence are replaced before
their next use. Each thread has its own connection, so no thread waits for a connection
of a pool.
"""

from __future__ import annotations

import select
import time
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg import IsolationLevel, errors
from psycopg.adapt import Loader

from mjproxy.db.connection_gate import gate
from mjproxy.lib.db import time_limits

_INTERVAL: Final = 0.1  # seconds between two checks of psycopg's wait loop


class BoundedConnection(psycopg.Connection[Any]):
    """Connection that fails if the server does not answer in time."""

    heard = 0.0  # time of the server's last answer

    def wait(
        self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None
    ) -> Any:
        limit = time_limits.limit() if timeout is None else None
        if limit is None:
            return super().wait(gen, interval, timeout)
        try:
            result = super().wait(gen, interval, limit + 0.2)  # the server's ends first
        except errors._WaitTimeout as exc:
            self.pgconn.finish()
            gate.note_silence()
            said = f"the database did not answer within {limit:g} s"
            raise psycopg.OperationalError(said) from exc
        self.heard = time.monotonic()
        return result


class UtcLoader(Loader):
    """Loads times of a session in UTC, which Django makes every session.

    Django's loader takes several times as long: it matches a pattern in Python, and
    replaces the zone.
    """

    timezone = UTC  # Django compares it with the zone of its settings

    def load(self, data: Any) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection that is checked before use and whose calls all have a time limit."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        made = self._connected(conn_params)
        made.adapters.register_loader("timestamptz", UtcLoader)
        return made

    def _connected(self, conn_params: dict[str, Any]) -> BoundedConnection:
        if time_limits.limit() is None:
            return BoundedConnection.connect(**conn_params)
        with gate.connecting():
            made = BoundedConnection.connect(**conn_params)
        made.heard = time.monotonic()
        return made

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if time_limits.limit() is not None:
            self.tell_limits()

    def tell_limits(self) -> None:
        """Tell the server how long one statement of this thread may take."""
        seconds = time_limits.limit() or 0
        idle = max(seconds, time_limits.IDLE) if seconds else 0
        with self.wrap_database_errors:
            self.connection.execute(
                f"SET statement_timeout = {int(seconds * 1000)}; "
                f"SET idle_in_transaction_session_timeout = {int(idle * 1000)}"
            )

    def is_usable(self) -> bool:
        """Tell whether the connection is open, without asking the server.

        A query would cost each request a round trip. If a restarted server has closed
        the connection, its socket is readable: the end of the stream waits there.
        """
        made = self.connection
        if made is None or made.closed or made.heard < gate.silent_at:
            return False
        look = select.poll()
        look.register(made.pgconn.socket, select.POLLIN)
        return not look.poll(0)
