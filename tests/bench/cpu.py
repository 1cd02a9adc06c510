"""Processor time of each process: seconds of user and system time for each second."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.bench.memory import ROLES
from tests.e2e.harness import Product, Simulator

TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Counts from its making; `read` tells the rates since then."""

    def __init__(self, product: Product, sim: Simulator) -> None:
        self._pids = {role: product.pids(role) for role in ROLES}
        self._pids["simulator"] = [sim.process.pid]
        self._begin, self._spent = time.monotonic(), self.spent()

    def read(self) -> dict[str, float]:
        seconds = time.monotonic() - self._begin
        now = self.spent()
        return {
            role: round((now[role] - self._spent[role]) / seconds, 3) for role in now
        }

    def spent(self) -> dict[str, float]:
        """Return the seconds of each role since its processes began."""
        return {role: sum(map(_spent, pids)) for role, pids in self._pids.items()}


def _spent(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
