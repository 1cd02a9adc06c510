"""Processes that hang while the product draws: they are replaced, and it goes on."""

from __future__ import annotations

import os
import signal

import pytest

from mjproxy.run.plan import SILENCE
from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful

pytestmark = pytest.mark.timeout(300)
ROLES = ("web", "worker", "beat", "gateway")


def test_whatever_hangs_is_replaced_and_nothing_is_lost(
    product: Product, sim: Simulator
) -> None:
    ids = [product.imagine(f"before all stand still {n}") for n in range(3)]
    held = {role: product.pids(role) for role in ROLES}
    assert all(held.values())
    for pids in held.values():
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    def all_are_new() -> bool:
        now = {role: product.pids(role) for role in ROLES}
        return all(now[role] and not set(now[role]) & set(held[role]) for role in now)

    eventually(all_are_new, what="others have taken their place", limit=SILENCE + 60)

    ids.append(product.imagine("after it"))
    assert_faithful(product, sim, product.wait_all(ids))
    log = product.log.read_text()
    for role, (pid,) in held.items():
        assert f"ERROR {role} (process {pid}) was silent for" in log
    assert log.count("was silent for") == len(ROLES)
