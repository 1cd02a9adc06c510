"""No interaction leaves for an account whose gateway process was killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from gateway import timing
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful

KILLS: Final = 4
PACE: Final = 0.2  # seconds between two submits
# A claim is committed before its post, which is on its way for a moment.
SETTLED: Final = timing.LATE_POST + 1.0


@contextmanager
def submit_in_a_thread(product: Product) -> Iterator[Callable[[], list[str]]]:
    """Submit drawings all the time; what is given returns their ids so far."""
    ids: list[str] = []
    stop = threading.Event()

    def submit() -> None:
        while not stop.wait(PACE):
            ids.append(product.imagine(f"under fire number {len(ids):04}"))

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield lambda: list(ids)
    finally:
        stop.set()
        thread.join(30)


def kill_gateway(product: Product) -> float:
    """kill -9 the gateway; return when, as time.time()."""
    (pid,) = product.pids("gateway")
    os.kill(pid, signal.SIGKILL)
    moment = time.time()
    eventually(lambda: set(product.pids("gateway")) - {pid}, what="gateway is back")
    return moment


def after(kills: list[float], entry: dict[str, Any]) -> float:
    """Return how many seconds after the last kill an interaction came in."""
    return min((entry["at"] - kill for kill in kills if kill <= entry["at"]), default=0)


def test_posts_stop_when_the_gateway_is_killed(
    product: Product, sim: Simulator
) -> None:
    sim.knobs(concurrency=12, queue_size=50)
    for row in product.api("GET", "/mj/account/list"):
        changed = product.api("PUT", f"/mj/admin/account/{row['id']}", {"coreSize": 12})
        assert changed["success"], changed
    product.wait_accounts(3)
    kills: list[float] = []
    with submit_in_a_thread(product) as ids:
        for _ in range(KILLS):
            jobs = len(sim.interactions())
            sim.wait(interactions=jobs + 10, sessions=3)
            kills.append(kill_gateway(product))
            sim.wait(sessions=3)
    tasks = product.wait_all(ids(), limit=300)

    assert_faithful(product, sim, tasks)
    blind = [after(kills, e) for e in sim.interactions() if not e["connected"]]
    late = [moment for moment in blind if moment > SETTLED]
    said = f"{len(blind)} of {len(tasks)} without a socket, {KILLS} kills"
    assert not late, f"{said}; seconds after the kill: {sorted(late)}"
