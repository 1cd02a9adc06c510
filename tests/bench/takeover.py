"""Two gateway processes share the accounts; one is killed while it draws."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from tests.e2e.gateways import Leases, SecondGateway
from tests.e2e.harness import Product, Simulator

DRAWINGS = 60


def measure(sim: Simulator, product: Product) -> dict[str, Any]:
    """Return the seconds from kill -9 until the other holds all accounts, and is live.

    All drawings are running at that moment; the ledger counts their outcomes.
    """
    second = SecondGateway.start(product)
    with Leases(product) as leases:
        try:
            begin = time.time()
            shared = leases.wait(holders=2, limit=300) - begin
            rule = sim.rule({"kind": "imagine"}, {"finish_at": 62})
            ids = [product.imagine(f"over the kill {n}") for n in range(DRAWINGS)]
            for task_id in ids:
                product.wait_for(task_id, "IN_PROGRESS")
            killed = time.time()
            second.kill()
            sim.ask("DELETE", f"rules/{rule}")
            sim.ask("POST", "release", {})
            held = leases.wait(holders=1, live=False) - killed
            live = leases.wait(holders=1) - killed
            tasks = product.wait_all(ids)
        finally:
            second.stop()
    return {
        "seconds_until_shared": round(shared, 1),
        "seconds_until_held": round(held, 1),
        "seconds_until_live": round(live, 1),
        **_verdict(sim, tasks),
    }


def _verdict(sim: Simulator, tasks: list[dict[str, Any]]) -> dict[str, int]:
    ledger = sim.ask("GET", "ledger?sha256=0&fields=jobs,violations")
    jobs = {job["uuid"]: job for job in ledger["jobs"]}
    asked = Counter(task["prompt"] for task in tasks)
    drawn = Counter(job["prompt"] for job in jobs.values())
    return {
        "lost": sum(task["status"] != "SUCCESS" for task in tasks),
        "doubled": sum(drawn[prompt] > count for prompt, count in asked.items()),
        "swapped": sum(
            task["messageId"] != jobs[task["jobId"]]["message_id"]
            or task["prompt"] not in jobs[task["jobId"]]["echoed_prompt"]
            for task in tasks
            if task["jobId"] in jobs
        ),
        "violations": len(ledger["violations"]),
    }
