"""Cost of the protection for a request: processor time, and calls of Redis.

Also a program: `python -m tests.bench.protection` prints its figures as JSON. Redis is
one of its own, so a call takes no network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.figures import percentiles

REQUESTS: Final = 1000
MANY: Final = 10_000  # patterns and networks
LARGE: Final = 1_000_000  # requests that no counter reaches
PATH: Final = "/mj/submit/imagine"
# The limits of the dialect's example.
ADDRESS: Final = {"3": LARGE, "60": LARGE, "600": LARGE, "3600": LARGE, "86400": LARGE}
NEAR: Final = {"5": LARGE, "60": LARGE, "600": LARGE, "3600": LARGE, "86400": LARGE}
BLOCKS: Final = {"1": LARGE, "60": LARGE}


def measure() -> dict[str, Any]:
    """Return the figures of each kind of rules, measured in a new process."""
    command = [sys.executable, "-m", "tests.bench.protection"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, Any] = json.loads(said)
    return figures


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    from tests.e2e.faulty import RedisServer  # it imports models

    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        settings.REDIS_URL = f"redis://127.0.0.1:{server.port}/0"
        made = setup_databases(verbosity=0, interactive=False)
        try:
            print(json.dumps(dict(_figures()), indent=2))  # noqa: T201
        finally:
            teardown_databases(made, verbosity=0)
            server.kill()


def _figures() -> Iterator[tuple[str, dict[str, Any]]]:
    from accounts.models import ProtectionSettings

    yield "off", _timed()
    row = ProtectionSettings.get_solo()
    for name, patterns in (("example", 0), ("many", MANY)):
        _write(row, patterns)
        row.save()
        yield name, _timed()


def _write(row: Any, patterns: int) -> None:
    """Set the dialect's example, among many patterns and networks of others."""
    row.limits_on = row.blocks_on = True
    others = {f"*/of-others/{number}/*": {"60": 6} for number in range(patterns)}
    row.limits_address = {**others, "*/mj/submit/*": ADDRESS}
    row.limits_near = {"*/mj/submit/*": NEAR}
    row.blocks_address = row.blocks_near = {"*/mj/*": BLOCKS}
    row.limits_black = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(patterns)]


def _timed() -> dict[str, Any]:
    """Return the cost of requests of many addresses for paths that differ."""
    client = _client()
    _ask(0)  # rules are compiled, the script is loaded
    calls, began = _calls(client), time.process_time()
    taken = []
    for number in range(1, REQUESTS + 1):
        at = time.perf_counter()
        _ask(number)
        taken.append(time.perf_counter() - at)
    cpu = (time.process_time() - began) / REQUESTS * 1e3
    asked = (_calls(client) - calls) / REQUESTS
    return {"cpu_ms": round(cpu, 3), "redis_calls": asked, **percentiles(taken)}


def _ask(number: int) -> None:
    from accounts.protection import gate

    address = f"192.0.{number >> 8 & 255}.{number & 255}"
    gate.check(f"{PATH}/{number}", address, lambda: False)


def _client() -> Any:
    import redis
    from django.conf import settings

    return redis.Redis.from_url(settings.REDIS_URL)


def _calls(client: Any) -> int:
    """Return the scripts that Redis has run."""
    found: Mapping[str, Any] = client.info("commandstats")
    return int(found.get("cmdstat_evalsha", {}).get("calls", 0))


if __name__ == "__main__":
    main()
