"""What a drawing costs: processor time, statements, commits and Redis commands.

Ten drawings a second, with 5 and with 25 progress events, with and without webhooks.
What the idle product spends in the same time is taken off. Processor time is measured
on one product and statements on another, because counting costs time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis

from tests.bench import counting, cpu
from tests.bench.counting import Counts
from tests.bench.rates import Run
from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.services import given_services

ACCOUNTS: Final = 10
RATE: Final = 10  # drawings a second
EVENTS: Final = (5, 25)  # progress events of a drawing
JOB: Final = 2.0  # seconds of progress, whatever its number of events
IDLE: Final = 8.0  # seconds
ROLES: Final = ("web", "worker", "beat", "gateway")


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return the figures of each kind of drawing."""
    seconds = 6 if quick else 20
    folder.mkdir()
    report: dict[str, Any] = {}
    for sim, product in _running(folder / "cpu"):
        meter = _Processor(sim, product)
        _measure_all(report, meter, sim, product, seconds)
    counts = folder / "counts"
    counts.mkdir()
    for sim, product in _running(folder / "sql", {counting.FOLDER: str(counts)}):
        _measure_all(report, _Statements(counts, product), sim, product, seconds)
    for hooks in ("webhooks", "no webhooks"):
        few, many = (report[f"{count} events, {hooks}"] for count in EVENTS)
        more = many["cpu_ms"]["total"] - few["cpu_ms"]["total"]
        of_one = round(more / (EVENTS[1] - EVENTS[0]), 2)
        report[f"a further event, {hooks}"] = {"cpu_ms": of_one}
    return report


class _Processor:
    """Milliseconds of processor time by role."""

    name: Final = "cpu_ms"

    def __init__(self, sim: Simulator, product: Product) -> None:
        self.meter = cpu.Meter(product, sim)

    def read(self) -> dict[str, float]:
        spent = self.meter.spent()
        spent.pop("simulator")
        return {role: seconds * 1e3 for role, seconds in spent.items()}


class _Statements:
    """Statements and commits by role, Redis's commands, and Celery's messages."""

    name: Final = "counts"

    def __init__(self, folder: Path, product: Product) -> None:
        self.folder, self.product = folder, product
        self.redis = _redis_of(product)

    def read(self) -> dict[str, float]:
        every = {role: self._of(role) for role in ROLES}
        both = sum(every.values(), Counts())
        stats: Any = self.redis.info("commandstats")
        calls = {name: row["calls"] for name, row in stats.items()}
        return {
            **{f"statements of {role}": n.statements for role, n in every.items()},
            "statements": both.statements,
            "commits": both.commits,
            "redis_commands": sum(calls.values()),
            "celery_messages": calls.get("cmdstat_lpush", 0),
        }

    def _of(self, role: str) -> Counts:
        pids = self.product.pids(role)
        return sum((counting.read(self.folder, pid) for pid in pids), Counts())


def _measure_all(
    report: dict[str, Any],
    meter: _Processor | _Statements,
    sim: Simulator,
    product: Product,
    seconds: int,
) -> None:
    idle = _while(meter, lambda: time.sleep(IDLE))
    report.setdefault("idle a second", {})[meter.name] = _rounded(idle[0], idle[1])
    for events in EVENTS:
        _let_jobs_have(sim, events)
        for hooks in ("webhooks", "no webhooks"):

            def draw(hooked: bool = hooks == "webhooks") -> None:
                asyncio.run(_draw(sim, product, seconds, hooked=hooked))

            draw()  # once before, so that every process has done this kind of work
            spent, took = _while(meter, draw)
            count = RATE * seconds
            own = {k: v - idle[0][k] / idle[1] * took for k, v in spent.items()}
            row = report.setdefault(f"{events} events, {hooks}", {})
            row[meter.name] = _rounded(own, count)


def _while(
    meter: _Processor | _Statements, doing: Any
) -> tuple[dict[str, float], float]:
    """Return what is spent while `doing` runs, and the seconds that it takes."""
    before, began = meter.read(), time.monotonic()
    doing()
    after, took = meter.read(), time.monotonic() - began
    return {name: after[name] - before[name] for name in after}, took


def _rounded(spent: dict[str, float], count: float) -> dict[str, float]:
    each = {name: round(value / count, 2) for name, value in spent.items()}
    if "web" in each:
        each["total"] = round(sum(each.values()), 2)
    return each


async def _draw(
    sim: Simulator, product: Product, seconds: int, *, hooked: bool
) -> None:
    async with Run(sim, product, hooked=hooked, probed=False) as run:
        await run.submit_all(RATE, RATE * seconds)
        await run.wait_for_ends()


def _let_jobs_have(sim: Simulator, events: int) -> None:
    steps = ",".join(str(round(n * 95 / events)) for n in range(events))
    speed = 10  # of the simulator
    sim.knobs(progress_steps=steps, progress_interval=JOB * speed / events)


def _redis_of(product: Product) -> redis.Redis:
    if url := product.environment.get("REDIS_URL"):
        return redis.Redis.from_url(url)
    return redis.Redis(unix_socket_path=str(product.data / "redis.sock"))


@contextmanager
def _started(folder: Path, more: dict[str, str]) -> Iterator[tuple[Simulator, Product]]:
    folder.mkdir()
    sim = Simulator.start(
        *("--accounts", str(ACCOUNTS), "--speed", "10", "--picture-size", "64"),
        *("--knob", "concurrency=12", "--knob", "http_latency=0"),
        log=folder / "simulator.log",
    )
    try:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", **more}
        product = Product.start(sim, folder / "data", **given_services(), **settings)
        try:
            for spec in specs(ACCOUNTS):
                product.add_account(spec, coreSize=12)
            product.wait_accounts(ACCOUNTS)
            yield sim, product
        finally:
            product.stop()
    finally:
        sim.stop()


def _running(
    folder: Path, more: dict[str, str] | None = None
) -> Iterator[tuple[Simulator, Product]]:
    with _started(folder, more or {}) as running:
        yield running
