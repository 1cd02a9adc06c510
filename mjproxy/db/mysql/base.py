"""The engine for MySQL and MariaDB: Django finds it by the name of this package.

Text is compared exactly, as SQLite and PostgreSQL do, whatever the default of the
server or the database: keys, nonces and names may differ by capitals alone.
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.db.backends.mysql import base, schema
from django.db.utils import OperationalError

from mjproxy.db.connection_gate import SLOW, gate
from mjproxy.lib.db import time_limits

# Collations for which "A" and "a", "a" and "a " differ. MySQL and MariaDB name them
# differently.
EXACT: Final = {True: "utf8mb4_nopad_bin", False: "utf8mb4_0900_bin"}
# Both servers have this one, for searches that ignore capitals.
_LOOSE: Final = "COLLATE utf8mb4_unicode_520_ci"
_ENCRYPTED: Final = {"REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"}
_SEARCHES: Final = ("iexact", "icontains", "istartswith", "iendswith")


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Schema editor for tables with exact text; later columns follow the table."""

    @property
    def sql_create_table(self) -> str:  # type: ignore[override]
        collation = EXACT[self.connection.mysql_is_mariadb]
        return (
            "CREATE TABLE %(table)s (%(definition)s) "
            f"ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {collation}"
        )


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection whose searches ignore capitals, and which uses TLS where required."""

    SchemaEditorClass = DatabaseSchemaEditor
    operators = {
        **base.DatabaseWrapper.operators,
        **dict.fromkeys(_SEARCHES, f"LIKE %s {_LOOSE}"),
    }

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if (limit := time_limits.limit()) is not None:
            params["read_timeout"] = params["write_timeout"] = int(limit)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if time_limits.limit() is None:
            return super().get_new_connection(conn_params)
        with gate.connecting():
            return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Ask the server; after a timeout the next connection attempts fail at once."""
        began = time.monotonic()
        if super().is_usable():
            return True
        if time.monotonic() - began > SLOW:
            gate.note_silence()
        return False

    def tell_limits(self) -> None:
        """Close the connection: other limits need a new one."""
        if not self.in_atomic_block:
            self.close()

    def _let_idle_end(self) -> None:
        """Have the server end our old session, so that its locks end with it."""
        if seconds := time_limits.limit():
            idle = int(max(seconds, time_limits.IDLE_LINE))
            with self.cursor() as cursor:
                cursor.execute(f"SET SESSION wait_timeout = {idle}")

    def init_connection_state(self) -> None:
        """Refuse a connection without TLS where TLS is required.

        MariaDB's library treats "required" as "if the server offers it".
        """
        super().init_connection_state()
        self._let_idle_end()
        if self.settings_dict["OPTIONS"].get("ssl_mode", "") not in _ENCRYPTED:
            return
        with self.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            if not cursor.fetchone()[1]:
                raise OperationalError("the server does not speak TLS")
