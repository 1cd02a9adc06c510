"""Restarts while somebody asks and draws: nobody is refused, nothing is lost."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.harness import Product, Simulator, eventually
from tests.e2e.judge import assert_faithful
from tests.e2e.poller import poll_health

TIMES = 10
pytestmark = pytest.mark.timeout(240)


def end_web(product: Product, number: signal.Signals) -> None:
    """End the web process; wait until another one is there."""
    (old,) = product.pids("web")
    os.kill(old, number)
    eventually(
        lambda: (pids := product.pids("web")) and old not in pids,
        what="another web process runs",
    )
    product.api("GET", "/mj/account/list")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ten_restarts_of_web_refuse_nobody(
    product: Product, sim: Simulator, number: signal.Signals
) -> None:
    with poll_health(product.url) as poller:
        ids = []
        for n in range(TIMES):
            ids.append(product.imagine(f"{number.name} {n}"))
            end_web(product, number)

    wrong = [what for what in poller.wrong if "Refused" in what or number != 9]
    assert wrong == []
    assert_faithful(product, sim, product.wait_all(ids))


def test_a_restart_of_all_lets_nobody_wait_for_long(
    product: Product, sim: Simulator
) -> None:
    old = set(product.pids())
    before = product.log.read_text().count("has restarted its processes")
    with poll_health(product.url) as poller:
        ids = [product.imagine(f"all start again {n}") for n in range(4)]
        product.process.send_signal(signal.SIGUSR1)
        eventually(
            lambda: (
                product.log.read_text().count("has restarted its processes") > before
            ),
            what="all have started again",
            limit=60,
        )

    assert poller.wrong == []
    assert max(poller.seconds) < 1.5
    kept = old & set(product.pids())
    assert kept == set(product.pids("valkey"))
    assert_faithful(product, sim, product.wait_all(ids))
