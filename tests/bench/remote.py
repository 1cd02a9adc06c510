"""A database or a Redis that is far away: a relay delays each piece on its way there.

The delay is a whole round trip, because the way back is not delayed. One drawing a
second, so that no round trip waits for another.

Measured in a process of its own, because the servers of the tests need Django:
`python -m tests.bench.remote FOLDER SECONDS` prints the figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.bench import rates
from tests.e2e.harness import Product, Simulator, specs
from tests.e2e.services import given_services
from tests.relay import relay_to

ACCOUNTS: Final = 4
DATABASE_AWAY: Final = 0.06  # seconds
REDIS_AWAY: Final = 0.1


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return the percentiles of drawings on each far service."""
    folder.mkdir()
    words = [str(folder), "5" if quick else "15"]
    command = [sys.executable, "-m", "tests.bench.remote", *words]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    figures: dict[str, Any] = json.loads(
        said.splitlines()[-1]
    )  # after what servers say
    return figures


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from tests.e2e import faulty

    folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
    report = {"redis": _far_redis(folder / "redis", seconds)}
    if url := faulty.postgres_server():
        report["postgres"] = _far_database(folder / "postgres", url, seconds)
    print(json.dumps(report))  # noqa: T201


def _far_database(folder: Path, server: str, seconds: int) -> dict[str, Any]:
    from tests.e2e import faulty

    with (
        relay_to(urlsplit(server).port or 5432) as line,
        faulty.own_database(server, line.port) as url,
    ):
        return _drawings(folder, seconds, line, DATABASE_AWAY, DATABASE_URL=url)


def _far_redis(folder: Path, seconds: int) -> dict[str, Any]:
    from tests.e2e import faulty

    folder.mkdir()
    server = faulty.RedisServer(folder)
    try:
        with relay_to(server.port) as line:
            url = f"redis://127.0.0.1:{line.port}/0"
            return _drawings(folder, seconds, line, REDIS_AWAY, REDIS_URL=url)
    finally:
        server.kill()


def _drawings(
    folder: Path, seconds: int, line: Any, away: float, **services: str
) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    # Near until the tables are made and the accounts are ready.
    sim = Simulator.start(
        *("--accounts", str(ACCOUNTS), "--speed", "10", "--picture-size", "64"),
        *("--knob", "concurrency=12", "--knob", "http_latency=0"),
        log=folder / "simulator.log",
    )
    try:
        product = Product.start(
            sim, folder / "data", **{**given_services(), **services}
        )
        try:
            for spec in specs(ACCOUNTS):
                product.add_account(spec, coreSize=12)
            product.wait_accounts(ACCOUNTS)
            product.wait_all([product.imagine(f"warming up {n}") for n in range(20)])
            line.delay(away)
            measuring = rates.measure(sim, product, rate=1, seconds=seconds)
            figures = asyncio.run(measuring)
            line.delay(0.0)
            return {"seconds_away": away, **figures}
        finally:
            product.stop()
    finally:
        sim.stop()


if __name__ == "__main__":
    main()
