from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.protocol import messages, plans
from tests.gateway import wire

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
TEXT = (
    "**User ID**: 00000000-1111-4222-8333-444455556666\n"
    "**Subscription**: Pro (Active monthly, renews next on <t:1770000000>)\n"
    "**Job Mode**: Fast\n**Fast Time Remaining**: 29.57/30.0 hours (98.58%)\n"
    "**Lifetime Usage**: 102 images (1.77 hours)\n\n"
    "**Queued Jobs (fast)**: 0\n**Running Jobs**: one\ntwo"
)


def read(text: Any, title: Any = "Your info - atelier_user") -> plans.Plan | None:
    embed = {"type": "rich", "title": title, "description": text}
    return plans.read(messages.read(wire.message("1", embeds=[embed])))


def said(line: str, name: str = "Subscription") -> plans.Plan:
    plan = read(f"**{name}**: {line}")
    assert plan is not None
    return plan


def test_its_lines_are_kept_and_understood() -> None:
    plan = read(TEXT)

    assert plan is not None
    assert plan.name == "Pro"
    assert plan.until == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)
    assert (plan.job_mode, plan.fast_hours) == ("Fast", 29.57)
    assert plan.properties["Lifetime Usage"] == "102 images (1.77 hours)"
    assert plan.properties["Queued Jobs (fast)"] == "0"
    assert plan.properties["Running Jobs"] == "one two"


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("29.57/30.0 hours (98.58%)", 29.57),
        ("0.0/30.0 hours (0.0%)", 0.0),
        ("  25.00 minutes  ", 25 / 60),
        ("1 hour", 1.0),
        ("Unlimited", None),
        ("", None),
        ("-1 hours", None),
        ("9" * 400 + " hours", None),
    ],
)
def test_fast_time_is_told_in_hours(text: str, hours: float | None) -> None:
    assert said(text, "Fast Time Remaining").fast_hours == hours


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("Pro (Active monthly, renews next on <t:1700000000>)", False),
        ("Pro (Cancelled, ends on <t:1770000000>)", False),
        ("Pro (Cancelled, ends on <t:1700000000>)", True),
        ("Basic (Expired)", True),
        ("Standard (Paused)", True),
        ("None", True),
        ("none ", True),
        ("Nonesuch (Active)", False),
        ("Pro (Cancelled, ends on <t:99999999999999>)", False),
        ("", False),
    ],
)
def test_only_clear_words_end_a_plan(text: str, ended: bool) -> None:
    assert said(text).has_ended(NOW) is ended


@pytest.mark.parametrize(
    ("text", "title"),
    [(TEXT, "Blocked"), (TEXT, None), (None, "Your info - x"), (["a"], "Your info")],
)
def test_other_embeds_are_no_answer(text: Any, title: Any) -> None:
    assert read(text, title) is None


def test_floods_are_cut() -> None:
    text = "\n".join(f"**{number}**: {'x' * 2000}\x00" for number in range(500))

    plan = read(text)

    assert plan is not None
    assert len(plan.properties) == plans.MOST_LINES
    assert max(map(len, plan.properties.values())) == plans.LONGEST_VALUE
    assert "\x00" not in "".join(plan.properties.values())
