"""The engine for MySQL and MariaDB: Django finds it by the name of this package.

Text is compared letter by letter, as SQLite and PostgreSQL do, whatever the server or
the database has for a default: keys, nonces and names differ by capitals alone.
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.db.backends.mysql import base, schema
from django.db.utils import OperationalError

from mjproxy.db.connection_gate import SLOW, door
from mjproxy.lib.db import time_limits

# "A" and "a", "a" and "a " are two texts. The two servers name that differently.
EXACT: Final = {True: "utf8mb4_nopad_bin", False: "utf8mb4_0900_bin"}
# Both have this one: searching is not by letter.
_LOOSE: Final = "COLLATE utf8mb4_unicode_520_ci"
_ENCRYPTED: Final = {"REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"}
_SEARCHES: Final = ("iexact", "icontains", "istartswith", "iendswith")


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Makes tables whose text is exact; columns that are added later follow them."""

    @property
    def sql_create_table(self) -> str:  # type: ignore[override]
        collation = EXACT[self.connection.mysql_is_mariadb]
        return (
            "CREATE TABLE %(table)s (%(definition)s) "
            f"ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {collation}"
        )


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose searches do not mind capitals, encrypted where told so."""

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
        with door.opened():
            return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Ask the server; a wait in vain is not followed by another one at once."""
        began = time.monotonic()
        if super().is_usable():
            return True
        if time.monotonic() - began > SLOW:
            door.note_silence()
        return False

    def tell_limits(self) -> None:
        """Have the next statement connect anew: a connection's limits are fixed."""
        if not self.in_atomic_block:
            self.close()

    def _let_idle_end(self) -> None:
        """Have the server end what we left, so that no lock outlives a dead line."""
        if seconds := time_limits.limit():
            idle = int(max(seconds, time_limits.IDLE_LINE))
            with self.cursor() as cursor:
                cursor.execute(f"SET SESSION wait_timeout = {idle}")

    def init_connection_state(self) -> None:
        """Refuse a connection without TLS where TLS is required.

        MariaDB's library takes "required" for "if the server can".
        """
        super().init_connection_state()
        self._let_idle_end()
        if self.settings_dict["OPTIONS"].get("ssl_mode", "") not in _ENCRYPTED:
            return
        with self.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            if not cursor.fetchone()[1]:
                raise OperationalError("the server does not speak TLS")
