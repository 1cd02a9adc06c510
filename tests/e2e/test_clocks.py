"""A second machine whose clock is ahead: it does no work, and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.calls import call, eventually
from tests.e2e.gateways import Leases
from tests.e2e.harness import Product, Simulator
from tests.e2e.judge import assert_faithful
from tests.e2e.simulation import ROOT

SHIFTED: Final = Path(__file__).parent / "shifted"
SKEW: Final = 9.0  # seconds, more than a lease or a claim on slow work lasts
DRAWINGS: Final = 12
COMMANDS: Final = {
    "worker": (
        *("-m", "celery", "-A", "mjproxy", "worker", "-P", "threads", "-c", "4"),
        *("-Q", "dispatch,default", "-n", "elsewhere@%h"),
    ),
    "gateway": ("manage.py", "rungateway", "--skip-checks"),
}
pytestmark = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith(("postgres", "mysql")),
    reason="SQLite is a file of one machine; give a DATABASE_URL",
)


@contextmanager
def elsewhere(product: Product, role: str) -> Iterator[Path]:
    """Run a role as on a machine whose clock is ahead; yields its log."""
    log = product.data / f"{role}-elsewhere.log"
    shift = {"SHIFTED_BY": str(SKEW), "PYTHONPATH": str(SHIFTED)}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[role]],
            cwd=ROOT,
            env={**product.environment, **shift},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(40)


@pytest.mark.parametrize("role", COMMANDS)
def test_whose_clock_is_ahead_does_no_work_and_says_so(
    product: Product, sim: Simulator, role: str
) -> None:
    sim.knobs(http_latency=4)  # speed 10: each claim lasts a while
    with elsewhere(product, role) as log, Leases(product) as leases:
        eventually(
            lambda: "ahead of the database's" in log.read_text(),
            what=f"{log} says so",
            limit=60,
        )
        ids = [product.imagine(f"in one time, {role} {n}") for n in range(DRAWINGS)]

        assert_faithful(product, sim, product.wait_all(ids))
        leases.wait(holders=1)
        assert log.read_text().count("ahead of the database's") == 1
        assert "ahead of the database's" in readyz(product)["clock"]


def readyz(product: Product) -> dict[str, str]:
    _, answer = call("GET", f"{product.url}/readyz")
    found: dict[str, str] = json.loads(answer)
    return found
