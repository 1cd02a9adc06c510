"""The services that the run was given: a database and a Redis of the test's own."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

# Test processes that run side by side have services of their own.
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
DATABASE: Final = f"mjproxy_e2e_{WORKER}"


def given_services() -> dict[str, str]:
    """Return the environment of a product on the given services, both emptied.

    Nothing is given: the product brings its own.
    """
    services: dict[str, str] = {"DATABASE_URL": "", "REDIS_URL": ""}
    if url := os.environ.get("DATABASE_URL", ""):
        services["DATABASE_URL"] = _fresh_database(url)
    if url := os.environ.get("REDIS_URL", ""):
        services["REDIS_URL"] = own = _own_redis(url)
        redis.Redis.from_url(own).flushdb()
    return services


def _own_redis(url: str) -> str:
    """Return the address of a numbered database, counted from the given one."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) + int(WORKER.removeprefix("gw"))
    return urlunsplit(parts._replace(path=f"/{number}"))


def _fresh_database(url: str) -> str:
    parts = urlsplit(url)
    maintenance = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(parts._replace(path=f"/{DATABASE}"))
