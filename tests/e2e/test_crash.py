"""kill -9 at any moment: nothing lost, nothing drawn twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.gateways import leases_locked
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful

ROLES = ("worker", "gateway", "web")
# What the simulator does so that the moment lasts until it is released.
MOMENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sending": ({"route": "POST /interactions"}, {"http_delay": 2}),
    "started": ({"kind": "imagine"}, {"finish_at": 0}),
    "running": ({"kind": "imagine"}, {"finish_at": 62}),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_process_loses_and_doubles_nothing(
    product: Product, sim: Simulator, role: str, moment: str
) -> None:
    match, effect = MOMENTS[moment]
    before = len(sim.interactions())
    rule = sim.rule(match, effect, times=2)
    ids = [product.imagine(f"{role} dies while {moment} {n}") for n in range(2)]
    sim.wait(interactions=before + 2)
    if moment != "sending":
        for task_id in ids:
            product.wait_for(task_id, "IN_PROGRESS")

    product.kill(role)
    product.wait_ready()
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})
    later = product.imagine(f"after {role} died while {moment}")

    assert_faithful(product, sim, product.wait_all([*ids, later]))


def test_events_that_a_killed_gateway_has_read_but_not_written(
    product: Product, sim: Simulator
) -> None:
    """Its transaction waits for a lock when it dies; it has saved no event as read."""
    before = sum(job["state"] == "finished" for job in sim.jobs())
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31}, times=3)
    ids = [product.imagine(f"read and not written {n}") for n in range(3)]
    for task_id in ids:
        product.wait_for(task_id, "IN_PROGRESS")

    with leases_locked(product):
        sim.ask("DELETE", f"rules/{rule}")
        sim.ask("POST", "release", {})
        sim.wait(jobs=before + 3, state="finished")
        product.kill("gateway")
    product.wait_ready()

    assert_faithful(product, sim, product.wait_all(ids))


def test_all_processes_killed_at_once_with_work_everywhere(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(concurrency=12, queue_size=50)
    for row in product.api("GET", "/mj/account/list"):
        changed = product.api("PUT", f"/mj/admin/account/{row['id']}", {"coreSize": 7})
        assert changed["success"], changed
    product.wait_accounts(3)
    rule = sim.rule({"kind": "imagine"}, {"finish_at": 31})
    ids = [product.imagine(f"one of many, number {n:03}") for n in range(70)]

    def running() -> bool:
        rows = product.tasks(ids)
        return int(sum(r["status"] == "IN_PROGRESS" for r in rows)) >= 20

    eventually(running, what="20 tasks are running")

    product.kill_all()
    product.restart()
    sim.ask("DELETE", f"rules/{rule}")
    sim.ask("POST", "release", {})
    tasks = product.wait_all(ids, limit=300)

    assert_faithful(product, sim, tasks)
