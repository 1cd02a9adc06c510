"""Budgets of the design on two cores, and the comparison of a report with them."""

from __future__ import annotations

from collections.abc import Iterator
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
SECONDS_AFTER_KILL = 10
# The pool: an idle account, and the largest one against the smallest.
MB_PER_IDLE_ACCOUNT = 0.5
MB_OF_ALL = 1024
IDLE_CORE = 0.33  # of the gateway process
FLAT = 1.5
FLAT_FIGURES = (
    ("busy", "submit_answer", "p99"),
    ("busy", "submit_to_interaction", "p99"),
    ("busy", "event_to_fetch", "p99"),
    ("busy", "event_to_webhook", "p99"),
    ("busy", "cpu", "web"),
    ("busy", "cpu", "worker"),
    ("busy", "cpu", "gateway"),
)


def missed(report: dict[str, Any]) -> list[str]:
    """Return a line for each budget that the figures do not meet."""
    lines = list(_of_rates(report)) if "rates" in report else []
    if "pool" in report:
        report["pool_ratios"] = ratios(report["pool"])
        lines += [
            f"pool {name} grows {ratio} times, budget {FLAT}"
            for name, ratio in report["pool_ratios"].items()
            if ratio > FLAT
        ]
        lines += _of_largest(
            *max(report["pool"].items(), key=lambda item: int(item[0]))
        )
    return lines


def ratios(pool: dict[str, Any]) -> dict[str, float]:
    """Return each figure of the largest pool as a multiple of the smallest one's."""
    least, most = pool[min(pool, key=int)], pool[max(pool, key=int)]
    found = {}
    for path in FLAT_FIGURES:
        before, after = _at(least, path), _at(most, path)
        if before and after:
            found[".".join(path)] = round(after / before, 2)
    return found


def _of_rates(report: dict[str, Any]) -> Iterator[str]:
    for path, limit in BUDGETS:
        value = _at(report, path)
        if value is None or value > limit:
            yield f"{'.'.join(path)} is {value} ms, budget {limit} ms"
    ratio = _at(report, ("fetch", "ratio"))
    if ratio is None or ratio < FETCH_RATIO:
        yield f"fetch.ratio is {ratio}, budget {FETCH_RATIO}"
    for role, seconds in report.get("seconds_after_kill", {}).items():
        if seconds > SECONDS_AFTER_KILL:
            yield f"{seconds} s without {role}, budget {SECONDS_AFTER_KILL} s"


def _of_largest(size: str, figures: dict[str, Any]) -> Iterator[str]:
    limits = (
        (("idle", "mb_per_account"), MB_PER_IDLE_ACCOUNT, "MB"),
        (("idle", "memory", "total"), MB_OF_ALL, "MB"),
        (("busy", "memory", "total"), MB_OF_ALL, "MB"),
        (("idle", "cpu", "gateway"), IDLE_CORE, "of a core"),
        (("takeover", "seconds_until_held"), SECONDS_AFTER_KILL, "s"),
        *((("takeover", what), 0, "") for what in ("lost", "doubled", "swapped")),
    )
    for path, limit, unit in limits:
        value = _at(figures, path)
        if value is None or value > limit:
            yield f"{size} accounts: {'.'.join(path)} {value} {unit}, budget {limit}"


def _at(report: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = report
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
