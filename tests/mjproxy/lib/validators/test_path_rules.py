"""Rules by path that people write."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from mjproxy.lib.validators.path_rules import check_rules, rules_in, text_of


def test_lines_are_read_and_written() -> None:
    text = "*/mj/submit/* 3:1 60:6\n/绘图 600:20"

    rules = rules_in(f"\n  {text}  \n\n")

    assert rules == {"*/mj/submit/*": {"3": 1, "60": 6}, "/绘图": {"600": 20}}
    assert text_of(rules) == text


def test_ten_thousand_patterns_are_taken_and_no_more() -> None:
    lines = [f"*/of/{number}/* 60:6" for number in range(10_001)]

    assert len(rules_in("\n".join(lines[:-1]))) == 10_000
    with pytest.raises(ValidationError):
        rules_in("\n".join(lines))


@pytest.mark.parametrize(
    "line",
    [
        "/mj/*/imagine 60:6",  # a star in the middle
        "/mj 0:6",
        "/mj -5:6",
        "/mj 60:0",
        "/mj 60:-1",
        "/mj 1.5:6",
        "/mj 2592001:6",
        "/mj 60:1000000001",
        "/mj 60:" + "9" * 30,
        "/mj " + "9" * 5000 + ":1",
        "/mj 06:1",
        "/mj ６０:6",  # digits of another width
        "/mj 60",
        "/mj 60:6 60:7",
        "/mj",
        "/mj 60:6\n/MJ 60:6",
        "/mj 60:6\n/mj 60:6",
        "/" + "x" * 500 + " 60:6",
        "/m\x00j 60:6",
    ],
)
def test_what_is_no_rule_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        rules_in(line)


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        "x",
        {"": {"60": 6}},
        {" /mj": {"60": 6}},
        {"/mj": {}},
        {"/mj": [60, 6]},
        {"/mj": {"60": True}},
        {"/mj": {"60": 1.5}},
        {"/mj": {"60": None}},
        {"/mj": {str(n): 1 for n in range(1, 22)}},
    ],
)
def test_json_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        check_rules(value)
