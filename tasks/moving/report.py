"""Report of moving in: numbers and reasons for each part, and lines on single rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from mjproxy.lib.audit.values import plain
from mjproxy.lib.secret_texts import without_secrets

MOST_LINES: Final = 200
MOST_REASONS: Final = 40  # of a part; the others are counted together
LONGEST: Final = 200  # characters of a reason
OTHERS: Final = "other reasons"
LINES: Final = "lines"


class Outcome(StrEnum):
    """The end of one row."""

    TAKEN = "taken"
    SKIPPED = "skipped"  # it is here already, or cannot be taken yet
    REFUSED = "refused"  # a person must look at it


@dataclass(frozen=True)
class Line:
    """One row: its id at the source, its end, and the reason or a remark."""

    row: str
    outcome: Outcome
    why: str = ""


def taken(row: str, why: str = "") -> Line:
    return Line(row, Outcome.TAKEN, why)


def skipped(row: str, why: str = "it is here already") -> Line:
    return Line(row, Outcome.SKIPPED, why)


def refused(row: str, why: str) -> Line:
    return Line(row, Outcome.REFUSED, why)


def add(report: dict[str, Any], part: str, line: Line) -> None:
    """Count a line in a report. Its texts come from outside, so they are cut."""
    numbers = report.setdefault(part, {})
    numbers[line.outcome] = numbers.get(line.outcome, 0) + 1
    if not line.why:
        return
    why = said(line.why)
    reasons = numbers.setdefault("reasons", {}).setdefault(line.outcome, {})
    if why not in reasons and len(reasons) >= MOST_REASONS:
        why = OTHERS
    reasons[why] = reasons.get(why, 0) + 1
    lines = report.setdefault(LINES, [])
    if line.outcome != Outcome.SKIPPED and len(lines) < MOST_LINES:
        lines.append([part, said(line.row)[:80], line.outcome.value, why])


def said(text: str) -> str:
    """Return a text of another server as one plain, short line without secrets."""
    return without_secrets(plain(" ".join(text[: 4 * LONGEST].split())))[:LONGEST]


def numbers(
    report: Mapping[str, Any], parts: Iterable[str]
) -> list[tuple[str, list[int]]]:
    """Return for each part how many rows were taken, skipped and refused."""
    told = [(part, report.get(part, {})) for part in parts]
    return [(part, [found.get(each, 0) for each in Outcome]) for part, found in told]


def in_words(report: Mapping[str, Any]) -> list[str]:
    """Return a report as lines for people."""
    found = []
    for part, numbers in report.items():
        if part == LINES:
            continue
        counts = [f"{numbers.get(each, 0)} {each.value}" for each in Outcome]
        found.append(f"{part}: {', '.join(counts)}")
        for outcome, reasons in numbers.get("reasons", {}).items():
            found += [f"  {outcome}, {n}: {why}" for why, n in reasons.items()]
    for part, row, outcome, why in report.get(LINES, []):
        found.append(f"{part} {row}: {outcome}, {why}")
    return found
