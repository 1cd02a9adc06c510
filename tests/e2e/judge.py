"""Comparison of the product's tasks with the simulator's ledger."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from tests.e2e.harness import Product, Simulator


def assert_faithful(
    product: Product, sim: Simulator, tasks: list[dict[str, Any]]
) -> None:
    """Fail if a task is lost, drawn twice or has another task's picture."""
    failed = [(t["id"], t["failReason"]) for t in tasks if t["status"] != "SUCCESS"]
    assert not failed, failed
    jobs = {job["uuid"]: job for job in sim.jobs()}
    named = Counter(task["jobId"] for task in tasks)
    assert not [job for job, count in named.items() if count > 1], "a job was shared"
    for task in tasks:
        assert_own_picture(product, jobs[task["jobId"]], task)
    drawn = Counter(job["prompt"] for job in jobs.values() if job["kind"] == "imagine")
    asked = Counter(t["prompt"] for t in tasks if t["action"] == "IMAGINE")
    doubled = {p: n for p, n in drawn.items() if p in asked and n > asked[p]}
    assert not doubled, f"drawn more often than asked: {doubled}"
    assert not sim.violations(), sim.violations()[:5]


def assert_own_picture(
    product: Product, job: dict[str, Any], task: dict[str, Any]
) -> None:
    """Fail if the bytes behind the task's link are not those of its own job."""
    assert job["message_id"] == task["messageId"], (job, task["id"])
    assert task["prompt"].split(" --")[0] in job["echoed_prompt"], (job, task["id"])
    digest = hashlib.sha256(product.picture(task)).hexdigest()
    assert digest == job["picture_sha256"], f"task {task['id']}: another's picture"
