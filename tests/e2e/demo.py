"""A demo as real processes: `manage.py up --demo`, and the simulator that it starts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tests.e2e.calls import eventually, free_port
from tests.e2e.harness import Product, outer_environment
from tests.e2e.simulation import ROOT, Simulator


@contextmanager
def running_demo(data: Path) -> Iterator[tuple[Product, Simulator]]:
    """Run a demo on a data folder; its key is an operator's."""
    data.mkdir(parents=True, exist_ok=True)
    log = data / "up.log"
    port = free_port()
    environment = outer_environment() | {
        "PORT": str(port),
        "MJPROXY_DATA_DIR": str(data),
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--demo"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def told(name: str) -> str | None:
        assert process.poll() is None, log.read_text()[-3000:]
        found = re.search(rf"{name}:? +(?:admin / )?(\S+)$", log.read_text(), re.M)
        return found and found[1]

    try:
        key = eventually(lambda: told("API key"), what="the demo is ready")
        product = Product(
            process=process,
            url=f"http://127.0.0.1:{port}",
            data=data,
            log=log,
            environment=environment,
            admin_token=key,
            admin_password=told("Sign in") or "",
            api_key=key,
        )
        product.wait_ready()
        product.wait_accounts(3)
        yield product, Simulator(cast(Any, process), told("simulator ready on") or "")
        product.stop()
    finally:
        process.kill()
        process.wait(10)
