"""Resident memory of each process, in MB (PSS: shared pages are divided)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.harness import Product

ROLES = ("web", "worker", "beat", "gateway", "valkey")


def of(product: Product) -> dict[str, Any]:
    figures = {role: _pss(product.pids(role)) for role in ROLES}
    figures["supervisor"] = _pss([product.process.pid])
    return figures | {"total": round(sum(figures.values()), 1)}


def _pss(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(
            int(line.split()[1])
            for line in text.splitlines()
            if line.startswith("Pss:")
        )
    return round(total / 1024, 1)
