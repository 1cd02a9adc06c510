from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.hours import covers, next_change, parse, validate

pytestmark = pytest.mark.usefixtures("utc")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
spans = st.tuples(st.integers(0, 1439), st.integers(0, 1439))


def text_of(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", False),
        ("11:00-13:00", True),
        ("12:00-12:30", True),  # the first minute
        ("11:00-12:00", True),  # the last one
        ("11:00-11:59", False),
        ("22:00-02:00", False),
        ("22:00-12:00", True),  # over midnight
        (" 01:00-02:00 , 11:59-12:01,", True),
        ("01:00-02:00，11:59-12:01", True),
        ("01:00-02:00\r\n11:59-12:01", True),
    ],
)
def test_covers(text: str, held: bool) -> None:
    assert covers(text, NOON + timedelta(seconds=59)) is held


@pytest.mark.parametrize(
    "text",
    [
        "25:00-9",
        "24:00-01:00",
        "9:00-10:00",
        "09:60-10:00",
        "09:00",
        "09:00-10:00-11:00",
        "09:00-10:00;11:00-12:00",
        "09:00-10:00 11:00-12:00",
        "０９:00-10:00",
        "09:00-12:00, 11:00-13:00",
        "22:00-02:00, 01:00-03:00",
        "09:00-10:00, 10:00-11:00",
        "x" * 1000,
    ],
)
def test_what_is_malformed_or_overlaps_is_an_error(text: str) -> None:
    with pytest.raises(ValidationError):
        validate(text)


@given(spans)
def test_every_minute_is_inside_or_outside(span: tuple[int, int]) -> None:
    first, last = span
    length = (last - first) % 1440 + 1
    day = NOON.replace(hour=0)
    inside = sum(covers(text_of(span), day + timedelta(minutes=m)) for m in range(1440))
    assert inside == length


@given(spans)
def test_nothing_changes_before_the_next_change(span: tuple[int, int]) -> None:
    text = text_of(span)
    change = next_change(text, NOON)
    if change is None:
        assert len(parse(text)) == 1
        assert (span[1] - span[0]) % 1440 == 1439
        return
    here = covers(text, NOON)
    assert covers(text, change) is not here
    minute = NOON
    while (minute := minute + timedelta(minutes=1)) < change:
        assert covers(text, minute) is here
