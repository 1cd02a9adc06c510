from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from gateway.protocol import messages, notices
from gateway.protocol.notice_kinds import (
    KINDS,
    UNKNOWN_ERROR,
    AccountEffect,
    NoticeKind,
    TaskEffect,
)
from tests.gateway import wire
from tests.gateway.protocol.strategies import MESSAGES
from tests.gateway.wire import AMBER, JOB, RED

ID = "1311111111111111601"

FAIL, WAIT, AGAIN = TaskEffect.FAIL, TaskEffect.WAIT, TaskEffect.AGAIN
NONE, PAUSE = AccountEffect.NONE, AccountEffect.PAUSE
FAST, BLOCK = AccountEffect.FAST_EXHAUSTED, AccountEffect.BLOCK
VERIFY, NO_PLAN = AccountEffect.VERIFY, AccountEffect.NO_PLAN

CATALOGUE = [
    ("Invalid parameter", RED, "invalid_parameter", FAIL, NONE),
    ("Invalid prompt", RED, "invalid_prompt", FAIL, NONE),
    ("Invalid seed", AMBER, "invalid_prompt", FAIL, NONE),
    ("Empty prompt", RED, "invalid_prompt", FAIL, NONE),
    ("Prompt too long", RED, "invalid_prompt", FAIL, NONE),
    ("Duplicate images detected", RED, "duplicate_images", FAIL, NONE),
    ("Invalid link!", RED, "invalid_link", FAIL, NONE),
    ("Could not validate this link", RED, "invalid_link", FAIL, NONE),
    ("Banned prompt detected", RED, "banned_prompt", FAIL, NONE),
    ("Banned image prompt", RED, "banned_prompt", FAIL, NONE),
    ("Action needed to continue", RED, "soft_banned", FAIL, NONE),
    ("Appeal accepted", 65280, "appeal_accepted", WAIT, NONE),
    ("Appeal rejected", RED, "appeal_rejected", FAIL, NONE),
    ("Image denied", RED, "moderated", FAIL, NONE),
    ("Request cancelled due to output filters", RED, "moderated", FAIL, NONE),
    ("Sorry! Could not complete the job!", RED, "internal", FAIL, NONE),
    ("Sorry, something went wrong", 15548997, "internal", FAIL, NONE),
    ("Internal server error", RED, "internal", FAIL, NONE),
    ("Slow Down!", AMBER, "duplicate_action", AGAIN, NONE),
    ("Job queued", AMBER, "queued", WAIT, NONE),
    ("Queue full", RED, "queue_full", AGAIN, NONE),
    ("Job action restricted", RED, "restricted", FAIL, NONE),
    ("Credits exhausted", AMBER, "fast_exhausted", FAIL, FAST),
    ("Subscription required", RED, "no_subscription", FAIL, NO_PLAN),
    ("Plan Cancelled", RED, "no_subscription", FAIL, NO_PLAN),
    ("Subscription paused", RED, "no_subscription", FAIL, NO_PLAN),
    ("Trial ended", RED, "no_subscription", FAIL, NO_PLAN),
    ("Pending mod message", RED, "mod_message", FAIL, PAUSE),
    ("Blocked", RED, "blocked", FAIL, BLOCK),
    ("Action required to continue", AMBER, "verification", FAIL, VERIFY),
    ("Please complete the task", AMBER, "verification", FAIL, VERIFY),
    ("Tos not accepted", RED, "tos", FAIL, PAUSE),
    ("Maintenance", AMBER, "outage", AGAIN, NONE),
    ("Midjourney is temporarily unavailable", AMBER, "outage", AGAIN, NONE),
    ("Something nobody has seen", RED, "unknown_error", FAIL, NONE),
    ("Something nobody has seen", 15548997, "unknown_error", FAIL, NONE),
]


def read(data: dict[str, Any]) -> notices.Notice | None:
    return notices.read(messages.read(data))


@pytest.mark.parametrize(("title", "color", "name", "task", "account"), CATALOGUE)
def test_it_knows_the_catalogue(
    title: str, color: int, name: str, task: TaskEffect, account: AccountEffect
) -> None:
    found = read(wire.notice(ID, title, "Why so.", color=color))

    assert found is not None
    assert found.kind.name == name
    assert (found.kind.task, found.kind.account) == (task, account)
    assert found.text == f"{title}: Why so."
    assert found.reason == f"{found.kind.zh} / {found.kind.en}: {title}: Why so."


def test_every_row_with_a_title_is_in_this_test() -> None:
    rows = {kind.name for kind in KINDS if kind.titles}

    assert rows == {name for _, _, name, *_ in CATALOGUE} - {UNKNOWN_ERROR.name}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_who_must_act_is_told_what_to_do(kind: NoticeKind) -> None:
    asks = kind.account is not AccountEffect.NONE

    assert bool(kind.todo_zh) is bool(kind.todo_en) is asks
    assert notices.Notice(kind, "").reason == f"{kind.zh} / {kind.en}"


@pytest.mark.parametrize("title", ["QUEUE FULL", "queue  full!", "Queue full (3 of 3)"])
def test_case_punctuation_and_tail_of_a_title_do_not_matter(title: str) -> None:
    found = read(wire.notice(ID, title))

    assert found is not None
    assert found.kind.name == "queue_full"


def test_the_title_counts_before_the_colour() -> None:
    found = read(wire.notice(ID, "Job queued", color=RED))

    assert found is not None
    assert found.kind.name == "queued"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Failed to process your command", "internal"),
        ("There was an error processing it. Your trace: `a-b-c`", "internal"),
        ("You have triggered an abuse alert", "abuse"),
        ("Queue full: wait", "queue_full"),
    ],
)
def test_a_notice_may_be_plain_text(text: str, name: str) -> None:
    found = read(wire.message(ID, f" {text} "))

    assert found is not None
    assert (found.kind.name, found.text) == (name, text)


@pytest.mark.parametrize(
    "embed",
    [
        {"type": "image", "title": "Blocked", "color": RED},
        {"type": "link", "title": "Banned prompt: a history", "color": RED},
        {"type": "article", "title": "Maintenance"},
        {"type": "video", "title": "Blocked"},
        {"type": "rich", "title": "How to write prompts", "color": AMBER},
        {"type": "rich"},
    ],
)
def test_other_embeds_are_no_notice(embed: dict[str, Any]) -> None:
    assert read(wire.message(ID, embeds=[embed])) is None


@pytest.mark.parametrize("color", [[RED], {"r": 1}, "red", None, True])
def test_an_odd_colour_is_no_red(color: Any) -> None:
    embed = {"type": "rich", "title": "Hello", "color": color}

    assert read(wire.message(ID, embeds=[embed])) is None


@pytest.mark.parametrize("kind", [["image"], {"a": 1}, 5, None])
def test_an_odd_type_is_no_preview(kind: Any) -> None:
    embed = {"type": kind, "title": "Blocked"}

    assert read(wire.message(ID, embeds=[embed])) is not None


def test_a_result_is_never_a_notice() -> None:
    embed = {"type": "rich", "title": "Blocked", "color": RED}

    assert read(wire.final(ID, job=JOB, embeds=[embed])) is None


def test_a_notice_may_have_no_title_or_no_description() -> None:
    bare = {"type": "rich", "color": RED}

    found = read(wire.message(ID, embeds=[bare]))

    assert found is not None
    assert (found.kind.name, found.text) == ("unknown_error", "")


def test_the_second_embed_counts_too() -> None:
    preview = {"type": "link", "title": "A page"}
    embed = {"type": "rich", "title": "Blocked"}

    found = read(wire.message(ID, embeds=[preview, embed]))

    assert found is not None
    assert found.kind.name == "blocked"


def blocked(text: str) -> notices.Notice:
    found = read(wire.notice(ID, "Blocked", text))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "lasts"),
    [
        ("from accessing Midjourney for 24 hours", timedelta(hours=24)),
        ("for 1 minute.", timedelta(minutes=1)),
        ("FOR 3 DAYS", timedelta(days=3)),
        ("for a week", timedelta(weeks=1)),
        ("for the next 9999 weeks", timedelta(weeks=9999)),
        ("for 0 days", timedelta()),
        ("for 99999 days", None),
        ("for -1 days", None),
        ("for ever", None),
        ("for 3 days, permanently", None),
        ("before 3 days", None),
    ],
)
def test_it_reads_how_long_a_block_lasts(text: str, lasts: timedelta | None) -> None:
    assert blocked(text).lasts() == lasts


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("until <t:1768046400:R>", datetime(2026, 1, 10, 12, tzinfo=UTC)),
        ("until <t:1768046400>", datetime(2026, 1, 10, 12, tzinfo=UTC)),
        ("until <t:0:F>", datetime(1970, 1, 1, tzinfo=UTC)),
        ("until <t:-5:R>", None),
        ("until <t:99999999999999999999:R>", None),
        ("until <t:999999999999:R>", None),
        ("until then", None),
    ],
)
def test_it_reads_the_moment_that_a_notice_names(
    text: str, moment: datetime | None
) -> None:
    assert blocked(text).moment() == moment


def test_a_job_that_runs_may_get_a_notice_on_its_message() -> None:
    embed = {"type": "rich", "title": "Image denied", "color": RED}

    found = read(wire.progress(ID, 31, job=JOB, embeds=[embed]))

    assert found is not None
    assert found.kind.name == "moderated"


@given(MESSAGES)
def test_no_message_is_too_odd(data: dict[str, Any]) -> None:
    found = read(data)

    assert found is None or isinstance(found.text, str)
