"""The pool of accounts at several sizes: what one costs idle, and at 12 jobs/s."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import cpu, memory, takeover
from tests.bench.rates import Run
from tests.e2e.harness import ROOT, Product, Simulator
from tests.e2e.services import given_services

SIZES = (10, 100, 1000)
JOBS_A_SECOND = 12
SETTLING = 12.0  # seconds after which start-up's work is over


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return the figures of each size, each on a product of its own."""
    sizes = SIZES[:2] if quick else SIZES
    seconds = 5 if quick else 20
    return {str(size): _of_size(folder / str(size), size, seconds) for size in sizes}


def _of_size(folder: Path, size: int, seconds: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    sim = Simulator.start(
        *("--accounts", str(size), "--speed", "10", "--picture-size", "64"),
        *("--knob", "concurrency=12", "--knob", "http_latency=0"),
        log=folder / "simulator.log",
    )
    try:
        product = Product.start(sim, folder / "data", **given_services())
        try:
            return _figures(sim, product, size, seconds)
        finally:
            product.stop()
    finally:
        sim.stop()


def _figures(
    sim: Simulator, product: Product, size: int, seconds: int
) -> dict[str, Any]:
    empty = memory.of(product)
    report: dict[str, Any] = {"seconds_until_ready": _accounts(product, size)}
    time.sleep(SETTLING)
    meter = cpu.Meter(product, sim)
    time.sleep(seconds)
    report["idle"] = {"cpu": meter.read(), "memory": memory.of(product)}
    grown = report["idle"]["memory"]["gateway"] - empty["gateway"]
    report["idle"]["mb_per_account"] = round(grown / size, 2)
    # Every process has done each of its kinds of work before.
    product.wait_all([product.imagine(f"warming up {n}") for n in range(40)])
    report["busy"] = asyncio.run(_busy(sim, product, seconds))
    report["busy"]["memory"] = memory.of(product)
    report["takeover"] = takeover.measure(sim, product)
    return report


async def _busy(sim: Simulator, product: Product, seconds: int) -> dict[str, Any]:
    async with Run(sim, product) as run:
        meter = cpu.Meter(product, sim)
        await run.submit_all(JOBS_A_SECOND, JOBS_A_SECOND * seconds)
        spent = meter.read()
        await run.wait_for_ends()
    return {**run.report(), "cpu": spent}


def _accounts(product: Product, count: int) -> float:
    """Make the accounts; return the seconds until all of them are ready."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.bench.accounts", str(count)],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    )
    return float(answer.stdout)
