"""Seconds from kill -9 of a process until a drawing submitted after it has ended.

The drawing itself, about one and a half seconds, is part of the figure.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from tests.e2e.harness import Product, call, eventually

ROLES = ("worker", "gateway", "web")


def measure(product: Product) -> dict[str, Any]:
    return {role: _after_killing(role, product) for role in ROLES}


def _after_killing(role: str, product: Product) -> float:
    """Kill every process of the role and submit as soon as the API answers."""
    begin = time.monotonic()
    old = product.pids(role)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    # A dead process may not be asked for its own successor.
    eventually(lambda: not set(old) & set(product.pids(role)), what=f"{role} is dead")

    def answers() -> bool:
        return call("GET", f"{product.url}/healthz", timeout=5)[0] == 200

    eventually(answers, what="requests are answered")
    task = product.wait_for(product.imagine(f"drawn after the {role} was killed"))
    assert task["status"] == "SUCCESS", task["failReason"]
    return round(time.monotonic() - begin, 1)
