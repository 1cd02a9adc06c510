"""`make bench`: the product against the simulator, measured; one JSON on stdout.

Times are milliseconds. Nothing here asserts: the budgets stand beside the figures, and
what misses them is listed under "missed".
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import choosing, fetching, memory, rates, recovery
from tests.bench.budgets import missed
from tests.bench.figures import machine
from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.services import given_services

ACCOUNTS = 10
RATES = (1, 10, 50)
IDLE = (1, 50, 200)


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory(prefix="mjproxy-bench-") as folder:
        report = measure(Path(folder), quick=quick)
    print(json.dumps(report, indent=2))  # noqa: T201


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    report: dict[str, Any] = {"machine": machine(), "choosing": choosing.measure()}
    sim = Simulator.start(
        *("--accounts", str(max(ACCOUNTS, *IDLE)), "--speed", "10"),
        *("--picture-size", "64", "--knob", "concurrency=12"),
        *("--knob", "http_latency=0"),
        log=folder / "simulator.log",
    )
    try:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        product = Product.start(sim, folder / "data", **given_services(), **settings)
        try:
            measure_product(report, sim, product, quick=quick)
        finally:
            product.stop()
    finally:
        sim.stop()
    report["missed"] = missed(report)
    return report


def measure_product(
    report: dict[str, Any], sim: Simulator, product: Product, *, quick: bool
) -> None:
    accounts = list(specs(max(IDLE)))
    product.add_account(accounts[0], coreSize=12)
    product.wait_accounts(1)
    report["idle"] = {"1": memory.of(product)}
    for spec in accounts[1:ACCOUNTS]:
        product.add_account(spec, coreSize=12)
    product.wait_accounts(ACCOUNTS)
    # Steady state is measured: every process has done each of its kinds of work before.
    product.wait_all([product.imagine(f"warming up {n}") for n in range(4 * ACCOUNTS)])
    report["rates"] = {
        str(rate): asyncio.run(
            rates.measure(sim, product, rate=rate, seconds=5 if quick else 15)
        )
        for rate in RATES
    }
    report["seconds_after_kill"] = recovery.measure(product)
    report["fetch"] = asyncio.run(fetching.measure(product))
    report["gateway_events_per_second"] = rates.flood(sim, product)
    for count in IDLE[1:] if not quick else ():
        for spec in accounts[len(product.accounts) : count]:
            product.add_account(spec)
        product.wait_accounts(count)
        report["idle"][str(count)] = memory.of(product)


main()
