"""Redis that is killed, or whose connections fall silent, behind a relay."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import faulty
from tests.e2e.calls import call, eventually
from tests.e2e.faulty import RedisServer
from tests.e2e.harness import Product, Simulator, ready_product
from tests.e2e.judge import assert_faithful
from tests.e2e.services import TEMPLATE, given_services
from tests.relay import Relay, relay_to

ACCOUNTS = 2
PROMISE = 10.0  # seconds to the next interaction
OUTAGE = 15.0  # seconds
MOST_LINES = 30  # of web, worker, beat and gateway
SLACK = 5.0  # seconds that a loaded machine may add


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture(scope="module")
def line(server: RedisServer) -> Iterator[Relay]:
    with relay_to(server.port) as relay:
        yield relay


@pytest.fixture(scope="module")
def product(
    sim: Simulator,
    accounts: int,
    line: Relay,
    data: Path,
) -> Iterator[Product]:
    services = given_services(TEMPLATE) | {
        "REDIS_URL": f"redis://127.0.0.1:{line.port}/0"
    }
    with ready_product(sim, data, accounts, services) as running:
        yield running
        line.heal()


@pytest.fixture(autouse=True)
def _all_is_well_again(product: Product, line: Relay) -> Iterator[None]:
    yield
    line.heal()
    eventually(lambda: words(product)["status"] == "ready", what="all is ready")


def words(product: Product) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("GET", f"{product.url}/readyz")[1])
    return found


def seconds_to_interaction(product: Product, sim: Simulator, prompt: str) -> float:
    began = time.monotonic()
    task_id = product.imagine(prompt)

    def sent() -> bool:
        return any(prompt in entry["prompt"] for entry in sim.interactions())

    eventually(sent, what=f"{prompt} is sent")
    took = time.monotonic() - began
    assert_faithful(product, sim, product.wait_all([task_id]))
    return took


def test_connections_that_stay_silent_are_replaced(
    product: Product, sim: Simulator, line: Relay
) -> None:
    line.fall_silent(new_too=False)

    took = seconds_to_interaction(product, sim, "past silent connections")

    assert took < PROMISE + SLACK


def test_a_worker_that_hears_nothing_is_missed(product: Product, line: Relay) -> None:
    eventually(lambda: words(product)["status"] == "ready", what="all is ready")
    line.fall_silent()

    eventually(lambda: words(product)["status"] != "ready", what="it is missed")

    line.heal()
    eventually(lambda: words(product)["worker"] == "ok", what="the worker is back")


def test_after_redis_is_killed_the_next_interaction_leaves_soon(
    product: Product, sim: Simulator, server: RedisServer
) -> None:
    server.kill()
    server.start()

    took = seconds_to_interaction(product, sim, "after the kill")

    assert took < PROMISE + SLACK


def test_an_outage_is_a_few_lines_and_the_next_interaction_leaves_soon(
    product: Product, sim: Simulator, server: RedisServer
) -> None:
    told = len(product.log.read_text().splitlines())
    server.kill()
    ids = [product.imagine(f"during the outage {n}") for n in range(3)]
    tick, end = threading.Event(), time.monotonic() + OUTAGE
    while time.monotonic() < end:
        call("GET", f"{product.url}/readyz")
        ids.append(product.imagine(f"during the outage {len(ids)}"))
        tick.wait(2)
    server.start()

    took = seconds_to_interaction(product, sim, "after the outage")

    lines = faulty.troubles_since(product, told)
    assert_faithful(product, sim, product.wait_all(ids))
    assert took < PROMISE + SLACK
    assert not [line for line in lines if "Traceback" in line], "\n".join(lines)
    assert len(lines) < MOST_LINES, lines
