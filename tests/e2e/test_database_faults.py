"""PostgreSQL that is slow, silent, away or restarted, behind a relay."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e import faulty
from tests.e2e.calls import call, eventually
from tests.e2e.harness import Product, Simulator, ready_product
from tests.e2e.judge import assert_faithful
from tests.relay import Relay, relay_to

ACCOUNTS = 2
PROMISE = 3.0  # seconds to a 503
MOST_LINES = 20  # of web, worker and gateway
SLACK = 3.0  # seconds that a loaded machine may add
SERVER = faulty.postgres_server()
pytestmark = pytest.mark.skipif(not SERVER, reason="no PostgreSQL here")


@pytest.fixture(scope="module")
def line() -> Iterator[Relay]:
    parts = urlsplit(SERVER)
    with relay_to(parts.port or 5432, parts.hostname or "127.0.0.1") as relay:
        yield relay


@pytest.fixture(scope="module")
def product(
    sim: Simulator,
    accounts: int,
    line: Relay,
    data: Path,
) -> Iterator[Product]:
    with (
        faulty.own_database(SERVER, line.port) as url,
        ready_product(sim, data, accounts, {"DATABASE_URL": url}) as running,
    ):
        yield running
        line.heal()


@pytest.fixture(autouse=True)
def _all_is_well_again(product: Product, line: Relay) -> Iterator[None]:
    yield
    line.heal()

    def ready() -> bool:
        return call("GET", f"{product.url}/readyz", timeout=5)[0] == 200

    eventually(ready, what="all is ready")


def test_a_restart_of_the_database_costs_no_request(
    product: Product, sim: Simulator, line: Relay
) -> None:
    ids = [product.imagine(f"before the restart {n}") for n in range(8)]
    product.wait_all(ids)
    faulty.submit_many(product, "to open all connections", 16)

    line.cut_present()

    answers = faulty.submit_many(product, "after the restart", 16)
    assert [each.status for each in answers] == [200] * 16
    drawn = product.wait_all([product.imagine("after all of it")])
    assert_faithful(product, sim, drawn)


def test_where_it_is_silent_every_request_is_503_in_time(
    product: Product, line: Relay
) -> None:
    line.fall_silent()

    answers = [faulty.submit_many(product, "into silence", 16) for _ in range(2)]

    late = [a for part in answers for a in part if a.seconds > PROMISE + SLACK]
    assert not late
    assert {each.status for part in answers for each in part} == {503}


def test_where_it_is_away_every_request_is_503_in_time(
    product: Product, line: Relay
) -> None:
    told = len(product.log.read_text().splitlines())
    line.cut()

    answers = [faulty.submit_many(product, "into nothing", 16) for _ in range(3)]

    late = [a for part in answers for a in part if a.seconds > PROMISE + SLACK]
    assert not late
    assert {each.status for part in answers for each in part} == {503}
    line.heal()
    eventually(
        lambda: faulty.submit(product, "it is back").status == 200, what="it is back"
    )
    lines = faulty.troubles_since(product, told)
    assert not [line for line in lines if "Traceback" in line]
    assert len(lines) < MOST_LINES, lines


def test_connections_that_stay_silent_are_replaced(
    product: Product, sim: Simulator, line: Relay
) -> None:
    before = {role: product.pids(role) for role in ("gateway", "worker")}
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31})
    ids = [product.imagine(f"while all is well {n}") for n in range(4)]
    product.wait_for(ids[0], "IN_PROGRESS")

    line.fall_silent(new_too=False)

    def accepted() -> str:
        try:
            return product.imagine("through new connections")
        except AssertionError:
            return ""

    ids.append(eventually(accepted, what="a submit is taken", limit=15))
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})
    assert_faithful(product, sim, product.wait_all(ids, limit=60))
    assert {role: product.pids(role) for role in before} == before


def test_what_nobody_waits_for_any_more_is_not_drawn(
    product: Product, sim: Simulator, line: Relay
) -> None:
    """Silence ends before the product's patience: only its client has gone."""
    product.wait_all([product.imagine("to be sure that all is well")])
    line.fall_silent()
    healing = threading.Timer(1.5, line.heal)
    healing.start()

    answers = faulty.submit_many(product, "a ghost", 8, patience=0.7)

    healing.join()
    assert {each.status for each in answers} == {0}
    (seen,) = product.wait_all([product.imagine("seen")])
    assert_faithful(product, sim, [seen])
    drawn = [job["prompt"] for job in sim.jobs()]
    assert not [prompt for prompt in drawn if "a ghost" in prompt]
