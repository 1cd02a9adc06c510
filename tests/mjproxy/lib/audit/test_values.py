from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjproxy.lib.audit.values import LONGEST_NAME, LONGEST_VALUE, as_name, as_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (1.5, "1.5"),
        ([], ""),
        (["a", 1], '["a",1]'),
        ({"b": None}, '{"b":null}'),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        ("two\nlines", "two\nlines"),
        ("a\x00b\x1b[1m\u202ec", "a\ufffdb\ufffd[1m\ufffdc"),
        ("http://bob:secret@host/x", "http://***@host/x"),
        ("key mjp_" + "x" * 30, "key ***"),
        (["\ud800"], r"['\ud800']"),
    ],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, ["x" * 1_000_000], "://:@" * 300_000]
)
def test_a_long_value_is_cut(value: Any) -> None:
    text = as_text(value)

    assert len(text) < LONGEST_VALUE + 40
    assert text.endswith("characters)")


def test_a_name_is_one_short_line() -> None:
    assert as_name("a\r\n\tb\x07") == "a b\ufffd"
    assert len(as_name("n" * 10_000)) == LONGEST_NAME


@given(st.text())
def test_any_text_can_be_stored(text: str) -> None:
    for shown in (as_text(text), as_name(text), as_text([text])):
        shown.encode()
        assert "\x00" not in shown
