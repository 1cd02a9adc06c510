"""What the design promises on two cores, and where a report misses it."""

from __future__ import annotations

from typing import Any

# (where in the report, limit in milliseconds)
BUDGETS = (
    (("rates", "1", "submit_to_interaction", "p50"), 15),
    (("rates", "1", "submit_to_interaction", "p99"), 60),
    (("rates", "10", "event_to_fetch", "p50"), 10),
    (("rates", "10", "event_to_fetch", "p99"), 50),
    (("rates", "10", "event_to_webhook", "p99"), 150),
    (("rates", "50", "submit_answer", "p99"), 50),
    (("choosing", "BestWaitIdle any", "p50"), 2),
)
FETCH_RATIO = 0.5
MB_PER_IDLE_ACCOUNT = 0.5
SECONDS_AFTER_KILL = 10


def missed(report: dict[str, Any]) -> list[str]:
    """Return a line for each budget that the figures do not meet."""
    lines = []
    for path, limit in BUDGETS:
        value = _at(report, path)
        if value is None or value > limit:
            lines.append(f"{'.'.join(path)} is {value} ms, budget {limit} ms")
    ratio = _at(report, ("fetch", "ratio"))
    if ratio is None or ratio < FETCH_RATIO:
        lines.append(f"fetch.ratio is {ratio}, budget {FETCH_RATIO}")
    for role, seconds in report.get("seconds_after_kill", {}).items():
        if seconds > SECONDS_AFTER_KILL:
            lines.append(f"{seconds} s without {role}, budget {SECONDS_AFTER_KILL} s")
    idle = report.get("idle", {})
    if len(idle) > 1:
        least, most = min(idle, key=int), max(idle, key=int)
        grown = idle[most]["gateway"] - idle[least]["gateway"]
        each = round(grown / (int(most) - int(least)), 2)
        report["mb_per_idle_account"] = each
        if each > MB_PER_IDLE_ACCOUNT:
            lines.append(f"{each} MB per idle account, budget {MB_PER_IDLE_ACCOUNT}")
    return lines


def _at(report: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = report
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
