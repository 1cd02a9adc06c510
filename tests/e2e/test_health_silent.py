"""Health while a line falls silent without being closed: a true answer, at once."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from mjproxy.run.start import redis_server
from tests.e2e.calls import call, eventually, free_port
from tests.e2e.harness import Product, Simulator, ready_product
from tests.e2e.services import TEMPLATE, given_services
from tests.mjproxy.lib.process.test_damaged_files import answers
from tests.relay import Relay, relay_to

pytestmark = pytest.mark.timeout(240)
# The promise is one second. This machine may be busy.
SOON = 3.0
THREADS = 8


@pytest.fixture(scope="module")
def redis_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    words = ["--port", str(port), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([redis_server(), *words, "--loglevel", "warning"])
    client = redis.Redis(port=port)
    eventually(lambda: answers(client), what="Redis answers")
    with relay_to(port) as relay:
        yield relay
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, Relay | None]]:
    """The address of a database behind a relay, or none: SQLite has no line."""
    url = given_services(TEMPLATE)["DATABASE_URL"]
    parts = urlsplit(url)
    if not parts.hostname:
        yield "", None
        return
    port = parts.port or (5432 if parts.scheme.startswith("postgres") else 3306)
    with relay_to(port, parts.hostname) as relay:
        name, at, _ = parts.netloc.rpartition("@")
        netloc = f"{name}{at}127.0.0.1:{relay.port}"
        yield urlunsplit(parts._replace(netloc=netloc)), relay


@pytest.fixture(scope="module")
def product(
    sim: Simulator,
    accounts: int,
    redis_line: Relay,
    database: tuple[str, Relay | None],
    data: Path,
) -> Iterator[Product]:
    services = {
        "REDIS_URL": f"redis://127.0.0.1:{redis_line.port}/0",
        "DATABASE_URL": database[0],
    }
    with ready_product(sim, data, accounts, services) as running:
        yield running
        redis_line.heal()
        if database[1]:
            database[1].heal()


def look(product: Product, path: str) -> tuple[int, dict[str, Any]]:
    """Return what is answered, which comes soon whatever hangs."""
    began = time.monotonic()
    status, answer = call("GET", f"{product.url}{path}")
    assert time.monotonic() - began < SOON
    words: dict[str, Any] = json.loads(answer)
    return status, words


def await_readiness(product: Product) -> None:
    eventually(lambda: look(product, "/readyz")[0] == 200, what="all is ready")


def test_a_silent_redis_is_known_at_once(product: Product, redis_line: Relay) -> None:
    await_readiness(product)
    redis_line.fall_silent()

    def is_known() -> bool:
        status, words = look(product, "/healthz")
        assert status == 200
        return bool(words["redis"] != "ok" and words["worker"] == "unknown")

    eventually(is_known, what="Redis is missed")
    status, words = look(product, "/readyz")
    assert (status, words["status"]) == (503, "not ready")
    assert [reason for reason in words["reasons"] if "Redis" in reason]

    redis_line.heal()
    await_readiness(product)


def test_a_silent_database_is_known_at_once(
    product: Product, database: tuple[str, Relay | None]
) -> None:
    line = database[1]
    if line is None:
        pytest.skip("SQLite has no line that could fall silent")
    await_readiness(product)
    line.fall_silent()
    with ExitStack() as stack:
        for n in range(2 * THREADS):  # each thread of the views hangs, and more wait
            asker = threading.Thread(target=ask, args=(product, n))
            stack.callback(asker.join)
            asker.start()

        def is_known() -> bool:
            status, words = look(product, "/healthz")
            return status == 503 and words["database"] != "ok"

        eventually(is_known, what="the database is missed")
        for _ in range(20):
            assert look(product, "/healthz")[0] == 503
            assert "database" in look(product, "/readyz")[1]["reasons"][0]

        line.heal()
        await_readiness(product)


def ask(product: Product, number: int) -> None:
    headers = {"mj-api-secret": product.api_key}
    call("GET", f"{product.url}/mj/task/{number}/fetch", None, headers, timeout=120)
