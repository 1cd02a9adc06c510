"""Two gateway processes share the accounts; of two, one may die at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateways import Leases, SecondGateway
from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.judge import assert_faithful
from tests.e2e.services import given_services

ACCOUNTS = 6


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    simulator = Simulator.start(
        *("--accounts", str(ACCOUNTS), "--speed", "10", "--picture-size", "64"),
        log=log,
    )
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def product(
    sim: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    data: Path = tmp_path_factory.mktemp("data")
    running = Product.start(sim, data, **given_services())
    try:
        for spec in specs(ACCOUNTS):
            running.add_account(spec)
        running.wait_accounts(ACCOUNTS)
        yield running
    finally:
        running.stop()


@pytest.fixture
def leases(product: Product) -> Iterator[Leases]:
    with Leases(product) as found:
        yield found


@pytest.fixture
def second(product: Product, leases: Leases) -> Iterator[SecondGateway]:
    """A second gateway that holds its share, with a session for each account."""
    gateway = SecondGateway.start(product)
    try:
        leases.wait(holders=2)
        yield gateway
    finally:
        gateway.stop()


def resumes(sim: Simulator) -> dict[str, int]:
    rows = sim.ask("GET", "sessions")
    return {row["account"]: row["resumes"] for row in rows if row["connected"]}


def test_the_other_takes_over_what_a_killed_one_held(
    product: Product, sim: Simulator, leases: Leases, second: SecondGateway
) -> None:
    before = resumes(sim)
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 62})
    ids = [product.imagine(f"drawn over the kill {n}") for n in range(2 * ACCOUNTS)]
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")

    second.kill()
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})  # events that nobody hears before the resume
    sim.wait(jobs=2 * ACCOUNTS, state="finished")
    leases.wait(holders=1)

    assert_faithful(product, sim, product.wait_all(ids))
    after = resumes(sim)
    assert after.keys() == before.keys()  # no account began anew
    assert sum(after.values()) - sum(before.values()) == ACCOUNTS // 2


def test_one_that_ends_gives_its_accounts_back_at_once(
    product: Product, sim: Simulator, leases: Leases, second: SecondGateway
) -> None:
    second.stop()
    leases.wait(holders=1)

    ids = [product.imagine(f"drawn by who is left {n}") for n in range(ACCOUNTS)]
    assert_faithful(product, sim, product.wait_all(ids))
