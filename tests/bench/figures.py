"""Percentiles, and the machine that they were taken on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any


def percentiles(values: list[float]) -> dict[str, Any]:
    """Return p50, p99 and count of a list of seconds, in milliseconds."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 1)

    return {"p50": at(0.5), "p99": at(0.99), "count": len(ordered)}


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo").read_text()
    names = [line.split(":")[1].strip() for line in info.splitlines() if "name" in line]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "database": (os.environ.get("DATABASE_URL") or "sqlite").split(":")[0],
        "redis": "given" if os.environ.get("REDIS_URL") else "embedded",
    }
