"""Parse hours of the day as operators write them: `09:00-17:30, 22:00-02:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final

from django.core.exceptions import ValidationError
from django.utils import timezone

_BETWEEN: Final = re.compile(r"[,，、\n]")
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")

Span = tuple[time, time]


@lru_cache(maxsize=1000)
def parse(text: str) -> tuple[Span, ...]:
    """Return the spans, both ends included, to the minute; () for an empty text.

    A span that begins later than it ends goes over midnight. Raises ValueError for
    malformed text and for overlapping spans.
    """
    spans: list[Span] = []
    taken: set[int] = set()
    for piece in filter(None, map(str.strip, _BETWEEN.split(text))):
        found = _SPAN.fullmatch(piece)
        if found is None:
            raise ValueError(f"“{piece}” is not of the form 09:00-17:30.")
        hour, minute, last_hour, last_minute = map(int, found.groups())
        minutes = _minutes(hour * 60 + minute, last_hour * 60 + last_minute)
        if taken & minutes:
            raise ValueError(f"“{piece}” overlaps with other hours.")
        taken |= minutes
        spans.append((time(hour, minute), time(last_hour, last_minute)))
    return tuple(spans)


def validate(text: str) -> None:
    """Raise ValidationError for text that `parse` refuses."""
    try:
        parse(text)
    except ValueError as exc:
        raise ValidationError(str(exc)) from exc


def covers(text: str, moment: datetime) -> bool:
    """Tell whether the hours contain a moment, in the server's time zone."""
    return _hold(parse(text), moment)


def next_change(text: str, moment: datetime) -> datetime | None:
    """Return the first minute after a moment at which `covers` changes, or None."""
    spans = parse(text)
    here = _hold(spans, moment)
    minute = moment.replace(second=0, microsecond=0)
    for _ in range(24 * 60):
        minute += timedelta(minutes=1)
        if _hold(spans, minute) != here:
            return minute
    return None


def _hold(spans: Sequence[Span], moment: datetime) -> bool:
    now = timezone.localtime(moment).time().replace(second=0, microsecond=0)
    return any(
        first <= now <= last if first <= last else now >= first or now <= last
        for first, last in spans
    )


def _minutes(first: int, last: int) -> set[int]:
    if first <= last:
        return set(range(first, last + 1))
    return {*range(first, 24 * 60), *range(last + 1)}
