"""Services of the run: a database and a Redis for each test process."""

from __future__ import annotations

import os
import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import psycopg
import redis
from django.db.utils import ConnectionHandler

from mjproxy.db.database_url import database

# Test processes that run side by side have services of their own.
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
# Runs on other databases of the same server have names of their own too.
_GIVEN = urlsplit(os.environ.get("DATABASE_URL", "")).path.strip("/") or "mjproxy"
_BASE = re.sub(r"\W", "_", _GIVEN)
DATABASE: Final = f"{_BASE}_e2e_{WORKER}"
TEMPLATE: Final = f"{_BASE}_e2e_template"  # migrated, on PostgreSQL
EMPTY: Final = "template1"  # PostgreSQL's own
FILLED: Final = f"{DATABASE}_filled"  # with rows, of one test process, on PostgreSQL


def given_services(template: str = EMPTY) -> dict[str, str]:
    """Return the environment of a product on the given services, both emptied.

    On PostgreSQL the database is a copy of `template`. Empty if no services are given:
    then the product starts its own.
    """
    services: dict[str, str] = {"DATABASE_URL": "", "REDIS_URL": ""}
    if url := os.environ.get("DATABASE_URL", ""):
        services["DATABASE_URL"] = _fresh_database(url, template)
    if url := os.environ.get("REDIS_URL", ""):
        services["REDIS_URL"] = own = _own_redis(url)
        redis.Redis.from_url(own).flushdb()
    return services


def template_database() -> str:
    """Return the address of the new database TEMPLATE on PostgreSQL, else "".

    MySQL copies no database: there each product migrates its own.
    """
    parts = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not _is_postgres(parts):
        return ""
    _make_on_postgres(parts, TEMPLATE, EMPTY)
    return urlunsplit(parts._replace(path=f"/{TEMPLATE}"))


def kept_as_filled() -> dict[str, str]:
    """Copy the database to FILLED on PostgreSQL; return its address, as a service."""
    services = {
        name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")
    }
    parts = urlsplit(services["DATABASE_URL"])
    if not _is_postgres(parts):
        return services
    _make_on_postgres(parts, FILLED, DATABASE)
    return services | {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{FILLED}"))}


def copies_databases() -> bool:
    """Tell whether a database is copied faster than it is made: not on MySQL."""
    url = os.environ.get("DATABASE_URL", "")
    return not url or _is_postgres(urlsplit(url))


def _own_redis(url: str) -> str:
    """Return the address of a numbered database, counted from the given one."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) + int(WORKER.removeprefix("gw"))
    return urlunsplit(parts._replace(path=f"/{number}"))


def _fresh_database(url: str, template: str) -> str:
    parts = urlsplit(url)
    if _is_postgres(parts):
        _make_on_postgres(parts, DATABASE, template)
    else:
        _make_on_mysql(url)
    return urlunsplit(parts._replace(path=f"/{DATABASE}"))


def _is_postgres(parts: SplitResult) -> bool:
    return parts.scheme.startswith("postgres")


def _make_on_postgres(parts: SplitResult, name: str, template: str) -> None:
    maintenance = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


def _make_on_mysql(url: str) -> None:
    """Make it with the server's own defaults, whatever they are."""
    with closing(mysql_server(url)) as server:
        server.query(f"DROP DATABASE IF EXISTS {DATABASE}")
        server.query(f"CREATE DATABASE {DATABASE}")


def mysql_server(url: str) -> Any:
    """Return a connection to the server, below what pytest-django guards."""
    config = database(url, Path())
    config["NAME"] = ""
    wrapper: Any = ConnectionHandler({"default": config})["default"]
    return wrapper.get_new_connection(wrapper.get_connection_params())


if __name__ == "__main__":  # does this server let us in?
    try:
        with closing(mysql_server(sys.argv[1])) as _server:
            # A commit need not wait for the disk: no test looks at a loss of power.
            _server.query("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    except Exception as exc:
        sys.exit(f"{sys.argv[1]}: {exc}")
