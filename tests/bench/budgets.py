"""Budgets of the design on two cores, and the comparison of a report with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

# (name, where in the report, limit, what the Java peer novicezk 2.6.3 took; "": not
# measured). The peer keeps its tasks in memory. Its figures are of another day on such
# a machine, so they tell the order of magnitude only. Milliseconds where no unit is
# named.
Budget = tuple[str, tuple[str, ...], float, str]


def _percentiles(
    name: str, path: tuple[str, ...], limits: tuple[float, float], peer: str = ""
) -> tuple[Budget, Budget]:
    p50, p99 = limits
    peers = peer.split(" / ") if peer else ["", ""]
    return (
        (f"{name}, p50", (*path, "p50"), p50, peers[0]),
        (f"{name}, p99", (*path, "p99"), p99, peers[1]),
    )


def _rate(
    rate: int, name: str, limits: tuple[float, float], peer: str = ""
) -> tuple[Budget, Budget]:
    words = name.replace("_", " ")
    return _percentiles(
        f"{words} at {rate}/s", ("rates", str(rate), name), limits, peer
    )


_SQLITE_MS: Final = 25
_FEW: Final = ("cost", "5 events, webhooks")
BUDGETS: Final[tuple[Budget, ...]] = (
    ("processor time of a drawing", (*_FEW, "cpu_ms", "total"), _SQLITE_MS, "10"),
    ("statements of a drawing", (*_FEW, "counts", "statements"), 30, ""),
    ("commits of a drawing", (*_FEW, "counts", "commits"), 9, ""),
    ("Celery messages of a drawing", (*_FEW, "counts", "celery_messages"), 2, ""),
    (
        "processor time of a further event",
        ("cost", "a further event, no webhooks", "cpu_ms"),
        0.8,
        "",
    ),
    (
        "processor time of a further event with a webhook",
        ("cost", "a further event, webhooks", "cpu_ms"),
        1.5,
        "",
    ),
    *_rate(1, "submit_to_interaction", (8, 30)),
    *_rate(10, "submit_answer", (4, 15), "1.5 / 5.2"),
    *_rate(25, "submit_answer", (6, 30), "1.1 / 3.8"),
    *_rate(10, "submit_to_interaction", (8, 30), "2.8 / 8.2"),
    *_rate(25, "submit_to_interaction", (12, 60), "2.3 / 4.8"),
    *_rate(10, "event_to_fetch", (8, 40), "55 / 120"),
    *_rate(10, "event_to_webhook", (10, 60), "53 / 108"),
    *_rate(25, "event_to_webhook", (25, 250), "53 / 279"),
    *_rate(50, "event_to_webhook", (110, 1600), "112 / 1603"),
    ("seconds to the last end at 25/s", ("rates", "25", "seconds_to_end"), 5, "holds"),
    (
        "submit, PostgreSQL 60 ms away, p50",
        ("remote", "postgres", "submit_answer", "p50"),
        300,
        "",
    ),
    (
        "event to fetch, PostgreSQL 60 ms away, p50",
        ("remote", "postgres", "event_to_fetch", "p50"),
        300,
        "",
    ),
    (
        "submit to interaction, Redis 100 ms away, p50",
        ("remote", "redis", "submit_to_interaction", "p50"),
        500,
        "",
    ),
    (
        "event to webhook, Redis 100 ms away, p50",
        ("remote", "redis", "event_to_webhook", "p50"),
        500,
        "",
    ),
    (
        "1,000 ids beside a million tasks, p50",
        ("lists", "lists", "1,000 ids", "p50"),
        60,
        "8",
    ),
    ("protection, processor time", ("protection", "example", "cpu_ms"), 1, ""),
    ("protection, calls of Redis", ("protection", "example", "redis_calls"), 1, ""),
    (
        "protection with 10,000 rules, processor time",
        ("protection", "many", "cpu_ms"),
        1,
        "",
    ),
    *(
        (
            f"10,000 banned words, a prompt in {kind}, p50",
            ("words", "10000", kind, "p50"),
            2,
            "",
        )
        for kind in ("english", "accents", "chinese")
    ),
    ("choice of an account", ("choosing", "BestWaitIdle any", "p50"), 2, ""),
)
LIST_MS: Final = 100  # of each list beside a million tasks, at any depth
EVENTS_A_SECOND: Final = 1200
POSTGRES_MS: Final = 30  # in place of _SQLITE_MS
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


def table(report: dict[str, Any]) -> list[str]:
    """Return a line for each budget: name, measured, limit, what the peer took."""
    lines = ["measure | measured | budget | novicezk"]
    for name, path, limit, peer in _budgets(report):
        if (value := _at(report, path)) is not None:
            lines.append(f"{name} | {value} | <= {limit} | {peer or '-'}")
    if rate := report.get("gateway_events_per_second"):
        lines.append(f"progress events a second | {rate} | >= {EVENTS_A_SECOND} | -")
    return lines


def _budgets(report: dict[str, Any]) -> Iterator[Budget]:
    is_postgres = report["machine"]["database"].startswith("postgres")
    for name, path, limit, peer in BUDGETS:
        if limit == _SQLITE_MS and path[-1] == "total" and is_postgres:
            yield name, path, POSTGRES_MS, peer
        else:
            yield name, path, limit, peer
    for name in _at(report, ("lists", "lists")) or ():
        if "ids" not in name:
            where = "lists", "lists", name, "p50"
            yield f"{name} beside a million tasks, p50", where, LIST_MS, ""


def missed(report: dict[str, Any]) -> list[str]:
    """Return a line for each budget that the figures do not meet."""
    lines = [
        f"{name} is {value}, budget {limit}"
        for name, path, limit, _ in _budgets(report)
        if (value := _at(report, path)) is not None and value > limit
    ]
    if "rates" in report:
        lines += _of_rates(report)
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
    events = report.get("gateway_events_per_second")
    if events is None or events < EVENTS_A_SECOND:
        yield f"{events} progress events a second, budget {EVENTS_A_SECOND}"
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
