"""Check whether any part of the product runs: a restore must wait until none does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import Error, connections
from django.utils import timezone

from gateway.models import GatewayProcess
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import State

# Sessions of other clients in our database.
_SESSIONS: Final = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = "
    "current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'",
    "mysql": "SELECT count(*) FROM information_schema.processlist "
    "WHERE db = database() AND id <> connection_id()",
}
_SEEN: Final = timedelta(seconds=signs_of_life.LATE)


def who_runs(connection: Any) -> list[str]:
    """Return the running parts in words; `connection` must be our only connection."""
    return [*_parts(), *_gateways(connection), *_sessions(connection)]


def _parts() -> Iterator[str]:
    for part in signs_of_life.PARTS:
        if signs_of_life.look(part).state in (State.OK, State.RESTARTING):
            yield f"a {part} was seen within the last {signs_of_life.LATE:.0f} s"


def _gateways(connection: Any) -> Iterator[str]:
    seen = GatewayProcess.objects.using(connection.alias)
    try:
        if seen.filter(seen_at__gt=timezone.now() - _SEEN).exists():
            yield f"a gateway was seen within the last {signs_of_life.LATE:.0f} s"
    except Error:
        return  # tables are missing or damaged, which is why somebody restores


def _sessions(connection: Any) -> Iterator[str]:
    if (question := _SESSIONS.get(connection.vendor)) is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(question)
        if count := cursor.fetchone()[0]:
            yield f"{count} other session(s) are open in the database"


def release(path: Path) -> str:
    """Merge the journal of an SQLite file into it; return who keeps it open, or "".

    Leaving WAL mode needs exclusive access to the file. An unreadable file has nothing
    to merge.
    """
    connections["default"].close()
    if not path.exists():
        return ""
    file = sqlite3.connect(path, timeout=0)
    try:
        file.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as exc:
        return f"another process has {path.name} open" if "locked" in str(exc) else ""
    except sqlite3.DatabaseError:
        return ""
    finally:
        file.close()
    return ""
