"""Two gateway processes share the accounts; of two, one may die at any moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateways import Leases, SecondGateway
from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful

ACCOUNTS = 6


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
