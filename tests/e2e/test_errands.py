"""Seeds and bookmarks at an account with a pace: asked once for all, never in haste."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.services import TEMPLATE, given_services

PACE = 2.0
ASKERS = 30


@pytest.fixture(scope="module")
def product(sim: Simulator, data: Path) -> Iterator[Product]:
    running = Product.start(sim, data, **given_services(TEMPLATE))
    try:
        running.add_account(next(specs(1)), interval=PACE)
        running.wait_accounts(1)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def grids(product: Product) -> list[dict[str, Any]]:
    return product.wait_all([product.imagine(f"drawing {n}") for n in range(3)])


def seed_of(sim: Simulator, task: dict[str, Any]) -> str:
    return next(str(j["seed"]) for j in sim.jobs() if j["uuid"] == task["jobId"])


def test_many_who_ask_for_a_seed_are_answered_by_one_question(
    product: Product, sim: Simulator, grids: list[dict[str, Any]]
) -> None:
    path = f"/mj/task/{grids[0]['id']}/image-seed"

    with ThreadPoolExecutor(ASKERS) as pool:
        asked = [pool.submit(product.api, "GET", path) for _ in range(ASKERS)]
        answers = [each.result() for each in asked]

    told = [(said["code"], said["result"]) for said in answers]
    assert told == [(1, seed_of(sim, grids[0]))] * ASKERS
    assert [i["command"] for i in sim.interactions()].count("show") == 1


def test_errands_keep_the_pace_and_so_do_tasks_among_them(
    product: Product, sim: Simulator, grids: list[dict[str, Any]]
) -> None:
    before = len(sim.interactions())

    with ThreadPoolExecutor(4) as pool:
        paths = [f"/mj/task/{grid['id']}/image-seed" for grid in grids[1:]]
        asked = [pool.submit(product.api, "GET", path) for path in paths]
        task = product.wait_for(product.imagine("drawn among errands"))
        answers = [each.result() for each in asked]

    assert task["status"] == "SUCCESS"
    assert [said["code"] for said in answers] == [1, 1]
    sent = [i for i in sim.interactions()[before:] if i["type"] == 2]
    assert sorted(i["command"] for i in sent) == ["imagine", "show", "show"]
    # Discord sees them as they arrive: a little may be lost on the way.
    for earlier, later in pairwise(sorted(i["at"] for i in sent)):
        assert later - earlier > PACE - 0.5
    assert not sim.violations()
