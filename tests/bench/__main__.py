"""`make bench`: the product against the simulator, measured; one JSON on stdout.

Times are milliseconds where no unit is named. Nothing here asserts: the budgets stand
beside the figures, and what misses them is listed under "missed". `--only rates`,
`cost`, `lists`, `remote`, `pool`, `protection` or `words` measures a part, `--quick`
less long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import (
    account_choice,
    cost,
    lists,
    pool,
    protection,
    rates,
    recovery,
    remote,
    task_fetches,
    words,
)
from tests.bench.budgets import missed, table
from tests.bench.figures import machine
from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.services import given_services

ACCOUNTS = 10
RATES = (1, 10, 25, 50)
LONG = 25  # the rate that must hold for a minute


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parts = ("rates", "cost", "lists", "remote", "pool", "protection", "words")
    parser.add_argument("--only", choices=parts)
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args()
    report: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="mjproxy-bench-") as name:
        folder = Path(name)
        if wanted.only in (None, "rates"):
            measure_rates(report, folder, quick=wanted.quick)
        if wanted.only in (None, "cost"):
            report["cost"] = cost.measure(folder / "cost", quick=wanted.quick)
        if wanted.only in (None, "lists"):
            report["lists"] = lists.measure(folder / "lists", quick=wanted.quick)
        if wanted.only in (None, "remote"):
            report["remote"] = remote.measure(folder / "remote", quick=wanted.quick)
        if wanted.only in (None, "pool"):
            report["pool"] = pool.measure(folder, quick=wanted.quick)
        if wanted.only in (None, "protection"):
            report["protection"] = protection.measure()
        if wanted.only in (None, "words"):
            report["words"] = words.measure()
    report["table"] = table(report)
    report["missed"] = missed(report)
    print(json.dumps(report, indent=2))  # noqa: T201


def measure_rates(report: dict[str, Any], folder: Path, *, quick: bool) -> None:
    report["choosing"] = account_choice.measure()
    sim = Simulator.start(
        *("--accounts", str(ACCOUNTS), "--speed", "10", "--picture-size", "64"),
        *("--knob", "concurrency=12", "--knob", "http_latency=0"),
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


def measure_product(
    report: dict[str, Any], sim: Simulator, product: Product, *, quick: bool
) -> None:
    for spec in specs(ACCOUNTS):
        product.add_account(spec, coreSize=12)
    product.wait_accounts(ACCOUNTS)
    # Steady state is measured: every process has done each of its kinds of work before.
    product.wait_all([product.imagine(f"warming up {n}") for n in range(4 * ACCOUNTS)])
    report["rates"] = {
        str(rate): asyncio.run(
            rates.measure(sim, product, rate=rate, seconds=_seconds(rate, quick=quick))
        )
        for rate in RATES
    }
    report["seconds_after_kill"] = recovery.measure(product)
    report["fetch"] = asyncio.run(task_fetches.measure(product))
    report["gateway_events_per_second"] = rates.flood(sim, product)


def _seconds(rate: int, *, quick: bool) -> int:
    if quick:
        return 5
    return 60 if rate == LONG else 15


main()
