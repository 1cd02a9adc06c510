"""Rules that limit requests by path: their checks, and their form for people.

In JSON they are {pattern: {seconds: requests}}, as the dialect writes them. People
write a pattern and its limits in one line: `*/mj/submit/* 3:1 60:6`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

MOST_PATTERNS: Final = 10_000
MOST_LIMITS: Final = 20  # of one pattern
LONGEST_PATTERN: Final = 500
LONGEST_WINDOW: Final = 30 * 24 * 3600  # seconds
MOST_REQUESTS: Final = 1_000_000_000

Rules = dict[str, dict[str, int]]
_LIMIT: Final = re.compile(r"([0-9]+):([0-9]+)")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")


def check_rules(value: Any) -> None:
    """Raise ValidationError for what are no rules."""
    if not isinstance(value, Mapping):
        raise ValidationError("Rules are an object: {pattern: {seconds: requests}}.")
    if len(value) > MOST_PATTERNS:
        raise ValidationError(f"There are more than {MOST_PATTERNS} patterns.")
    seen = set()
    for pattern, limits in value.items():
        _check_pattern(pattern)
        if pattern.casefold() in seen:
            raise ValidationError(f"{pattern}: written twice.")
        seen.add(pattern.casefold())
        _check_limits(pattern, limits)


def _check_pattern(pattern: str) -> None:
    shown = pattern[:80]
    if not pattern.strip() or pattern != pattern.strip():
        raise ValidationError(f"“{shown}” is no pattern: it has blanks around it.")
    if len(pattern) > LONGEST_PATTERN or not pattern.isprintable():
        text = f"{shown}: a pattern has at most {LONGEST_PATTERN} printable characters."
        raise ValidationError(text)
    if "*" in pattern.strip("*"):
        raise ValidationError(f"{shown}: a * stands at the begin or the end only.")


def _check_limits(pattern: str, limits: Any) -> None:
    if not isinstance(limits, Mapping) or not 0 < len(limits) <= MOST_LIMITS:
        text = f"{pattern}: has 1 to {MOST_LIMITS} limits, such as 60:6."
        raise ValidationError(text)
    for seconds, requests in limits.items():
        is_window = isinstance(seconds, str) and _NUMBER.fullmatch(seconds)
        if not is_window or int(seconds) > LONGEST_WINDOW:
            raise ValidationError(
                f"{pattern}: {str(seconds)[:20]} is no window, which has 1 to "
                f"{LONGEST_WINDOW} seconds."
            )
        is_number = isinstance(requests, int) and not isinstance(requests, bool)
        if not is_number or not 1 <= requests <= MOST_REQUESTS:
            raise ValidationError(
                f"{pattern}: {str(requests)[:20]} is no number of requests, which is "
                f"1 to {MOST_REQUESTS}."
            )


def rules_in(text: str) -> Rules:
    """Return the rules of a text, one pattern a line. Raises ValidationError."""
    found: Rules = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        pattern, *limits = line.split()
        if pattern in found:
            raise ValidationError(f"{pattern[:80]}: written twice.")
        found[pattern] = _limits_in(pattern, limits)
    check_rules(found)
    return found


def _limits_in(pattern: str, words: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        limit = _LIMIT.fullmatch(word)
        # Python refuses to read numbers of thousands of digits.
        if limit is None or len(word) > 40 or limit[1] in found:
            text = f"{pattern[:80]}: {word[:20]} is not seconds:requests, once each."
            raise ValidationError(text)
        found[limit[1]] = int(limit[2])
    return found


def text_of(rules: Mapping[str, Mapping[str, int]]) -> str:
    """Return rules as people write them."""
    return "\n".join(
        " ".join([pattern, *(f"{window}:{most}" for window, most in limits.items())])
        for pattern, limits in rules.items()
    )
