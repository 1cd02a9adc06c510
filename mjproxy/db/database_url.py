"""DATABASE_URL as Django's settings; wrong values stop the start with a message."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import dj_database_url
from dj_database_url import DBConfig
from django.core.exceptions import ImproperlyConfigured

_SQLITE: Final = "mjproxy.db.sqlite"
_POSTGRES: Final = "mjproxy.db.postgres"
_MYSQL: Final = "mjproxy.db.mysql"
dj_database_url.register("sqlite", _SQLITE)
for _scheme in ("postgres", "postgresql", "pgsql"):
    dj_database_url.register(_scheme, _POSTGRES)(dj_database_url.apply_current_schema)
for _scheme in ("mysql", "mariadb"):
    dj_database_url.register(_scheme, _MYSQL)(dj_database_url.apply_ssl_ca)
# Strict mode: too long text and invalid dates are errors, whatever the server's
# default.
_MYSQL_MODE: Final = (
    "STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)
CONNECT_SECONDS: Final = 2
_POSTGRES_WAITS: Final = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def database(url: str, folder: Path) -> DBConfig:
    """Return the settings of the database at `url`; if empty, of a file in `folder`."""
    if not url:
        found: DBConfig = {
            "ENGINE": _SQLITE,
            "NAME": str(folder / "mjproxy.sqlite3"),
        }
    else:
        found = _parsed(url)
    _FITTED[found["ENGINE"]](found)
    return found


def _parsed(url: str) -> DBConfig:
    # Do not show the value: it may hold a password.
    try:
        parts = urlsplit(url)
        found = dj_database_url.parse(url)
    except (ValueError, KeyError, AssertionError) as exc:
        raise _wrong("is not a database address") from exc
    if found["ENGINE"] not in _FITTED:
        raise _wrong("does not begin with sqlite://, postgres:// or mysql://")
    if parts.fragment or "#" in url:
        raise _wrong('holds a "#": write %23 for it')
    if not found["NAME"]:
        raise _wrong("names no database")
    if socket := _socket_in(parts):
        found["HOST"] = socket
    return found


def _socket_in(parts: SplitResult) -> str:
    """Return the folder or file of a unix socket given in the place of the host.

    The URL parser would take it for a host name and change its capitals.
    """
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    return unquote(host) if host.lower().startswith("%2f") else ""


def _fit_sqlite(found: DBConfig) -> None:
    if ":memory:" in found["NAME"]:
        raise _wrong("is a database in memory, which the processes cannot share")
    if not found["NAME"].startswith("file:"):
        found["NAME"] = str(Path(found["NAME"]).absolute())
    # WAL and IMMEDIATE: several processes write without "database is locked". FULL: a
    # commit is on the disk before its answer is sent (ADR 0019).
    found["CONN_MAX_AGE"] = 600
    found["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
            "PRAGMA cache_size=-20000;PRAGMA journal_size_limit=27103364"
        ),
    }


def _fit_postgres(found: DBConfig) -> None:
    # Each thread keeps its connection, which is checked before use at no cost.
    found["CONN_MAX_AGE"] = 600
    found["CONN_HEALTH_CHECKS"] = True
    # Limits of the kernel, for waits that the time limit of statements does not cover.
    found["OPTIONS"] = _POSTGRES_WAITS | found.get("OPTIONS", {})


def _fit_mysql(found: DBConfig) -> None:
    if importlib.util.find_spec("MySQLdb") is None:
        raise _wrong(
            "is MySQL's, and its driver is missing: pip install --require-hashes "
            "-r requirements/mysql.txt"
        )
    # The server closes idle connections, so each is tested before its use.
    found["CONN_MAX_AGE"] = 600
    found["CONN_HEALTH_CHECKS"] = True
    options = found.setdefault("OPTIONS", {})
    if "ssl" in options:  # the driver checks a certificate only if the CA file is named
        options.setdefault("ssl_mode", "VERIFY_IDENTITY")
    options["charset"] = "utf8mb4"
    # Django's default; the server's REPEATABLE READ would show stale rows.
    options["isolation_level"] = "read committed"
    options["init_command"] = f"SET sql_mode='{_MYSQL_MODE}'"
    options.setdefault("connect_timeout", CONNECT_SECONDS)


_FITTED: Final = {
    _SQLITE: _fit_sqlite,
    _POSTGRES: _fit_postgres,
    _MYSQL: _fit_mysql,
}


def _wrong(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DATABASE_URL {what}")
