"""The services that the run was given: a database and a Redis of the test's own."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

DATABASE = "mjproxy_e2e"


def given_services() -> dict[str, str]:
    """Return the environment of a product on the given services, both emptied.

    Nothing is given: the product brings its own.
    """
    services: dict[str, str] = {"DATABASE_URL": "", "REDIS_URL": ""}
    if url := os.environ.get("DATABASE_URL", ""):
        services["DATABASE_URL"] = _fresh_database(url)
    if url := os.environ.get("REDIS_URL", ""):
        services["REDIS_URL"] = url
        redis.Redis.from_url(url).flushdb()
    return services


def _fresh_database(url: str) -> str:
    parts = urlsplit(url)
    maintenance = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(parts._replace(path=f"/{DATABASE}"))
