"""Services for one test, and callers that measure seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from mjproxy.run.start import redis_server
from tests.e2e.calls import call, eventually, free_port
from tests.e2e.harness import Product

POSTGRES: Final = "postgres://postgres@127.0.0.1:5432/postgres"
SUBMIT: Final = "/mj/submit/imagine"


@dataclass(frozen=True)
class Answer:
    """Status and body of one call, and the seconds it took."""

    status: int  # 0: the caller gave up
    seconds: float


def submit(product: Product, prompt: str, *, patience: float = 60) -> Answer:
    headers = {"mj-api-secret": product.api_key}
    began = time.monotonic()
    try:
        status, _ = call(
            "POST",
            f"{product.url}{SUBMIT}",
            {"prompt": prompt},
            headers,
            timeout=patience,
        )
    except OSError:
        status = 0
    return Answer(status, time.monotonic() - began)


def submit_many(
    product: Product, prompt: str, count: int, *, patience: float = 60
) -> list[Answer]:
    """Submit from this many threads at once."""
    with ThreadPoolExecutor(count) as pool:
        prompts = [f"{prompt} {n}" for n in range(count)]
        asked = [pool.submit(submit, product, p, patience=patience) for p in prompts]
        return [each.result() for each in asked]


def postgres_server() -> str:
    """Return the address of the given or local PostgreSQL; "" if there is none."""
    url = os.environ.get("DATABASE_URL") or POSTGRES
    if not url.startswith("postgres"):
        return ""
    try:
        psycopg.connect(_maintenance(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return ""
    return url


@contextmanager
def own_database(url: str, port: int) -> Iterator[str]:
    """Make a database; yield its address at another port of this machine."""
    name = f"mjproxy_faults_{os.getpid()}"
    with psycopg.connect(_maintenance(url), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(url)
    who = parts.netloc.rpartition("@")[0]
    place = f"{who}@127.0.0.1:{port}" if who else f"127.0.0.1:{port}"
    try:
        yield urlunsplit(parts._replace(netloc=place, path=f"/{name}"))
    finally:
        with psycopg.connect(_maintenance(url), autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _maintenance(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql", path="/postgres"))


class RedisServer:
    """A Redis on a port of this machine that may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._words += ["--dir", str(folder), "--loglevel", "warning"]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [redis_server(), *self._words], stdout=sys.stderr
        )
        client = redis.Redis(port=self.port)
        eventually(client.ping, what="Redis answers")
        client.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


def troubles_since(product: Product, told: int) -> list[str]:
    """Return the lines of the log after the first `told`, without the usual ones."""
    lines = product.log.read_text().splitlines()[told:]
    return [line for line in lines if " INFO " not in line]
