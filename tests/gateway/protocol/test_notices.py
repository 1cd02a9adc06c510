from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from gateway.protocol import messages, notices
from gateway.protocol.notices import KINDS, Effect
from tests.gateway import wire
from tests.gateway.protocol.strategies import MESSAGES
from tests.gateway.wire import AMBER, JOB, RED

ID = "1311111111111111601"

CATALOGUE = [
    ("Invalid parameter", RED, "invalid_parameter", Effect.FAIL),
    ("Invalid prompt", RED, "invalid_prompt", Effect.FAIL),
    ("Invalid request", RED, "invalid_prompt", Effect.FAIL),
    ("Empty prompt", RED, "invalid_prompt", Effect.FAIL),
    ("Prompt too long", RED, "invalid_prompt", Effect.FAIL),
    ("Duplicate images detected", RED, "invalid_prompt", Effect.FAIL),
    ("Invalid link!", RED, "invalid_link", Effect.FAIL),
    ("Could not validate this link", RED, "invalid_link", Effect.FAIL),
    ("Banned prompt detected", RED, "banned_prompt", Effect.FAIL),
    ("Banned image prompt", RED, "banned_prompt", Effect.FAIL),
    ("Action needed to continue", RED, "soft_banned", Effect.FAIL),
    ("Appeal accepted", 65280, "appeal", Effect.WAIT),
    ("Appeal rejected", RED, "appeal", Effect.WAIT),
    ("Image denied", RED, "moderated", Effect.FAIL),
    ("Request cancelled due to output filters", RED, "moderated", Effect.FAIL),
    ("Sorry! Could not complete the job!", RED, "internal", Effect.FAIL),
    ("Sorry, something went wrong", 15548997, "internal", Effect.FAIL),
    ("Internal server error", RED, "internal", Effect.FAIL),
    ("Internal error", RED, "internal", Effect.FAIL),
    ("Slow Down!", AMBER, "duplicate_action", Effect.FAIL),
    ("Job queued", AMBER, "queued", Effect.WAIT),
    ("Queue full", RED, "queue_full", Effect.REQUEUE),
    ("Job action restricted", RED, "restricted", Effect.FAIL),
    ("Credits exhausted", AMBER, "fast_exhausted", Effect.FAIL),
    ("Subscription required", RED, "no_subscription", Effect.PAUSE),
    ("Plan Cancelled", RED, "no_subscription", Effect.PAUSE),
    ("Subscription paused", RED, "no_subscription", Effect.PAUSE),
    ("Trial ended", RED, "no_subscription", Effect.PAUSE),
    ("Pending mod message", RED, "mod_message", Effect.PAUSE),
    ("Blocked", RED, "blocked", Effect.PAUSE),
    ("Action required to continue", AMBER, "verification", Effect.PAUSE),
    ("Please complete the task", AMBER, "verification", Effect.PAUSE),
    ("Tos not accepted", RED, "tos", Effect.PAUSE),
    ("Maintenance", AMBER, "outage", Effect.FAIL),
    ("Midjourney is temporarily unavailable", AMBER, "outage", Effect.FAIL),
    ("Something nobody has seen", RED, "unknown_error", Effect.FAIL),
    ("Something nobody has seen", 15548997, "unknown_error", Effect.FAIL),
]


def read(data: dict[str, Any]) -> notices.Notice | None:
    return notices.read(messages.read(data))


@pytest.mark.parametrize(("title", "color", "name", "effect"), CATALOGUE)
def test_it_knows_the_catalogue(
    title: str, color: int, name: str, effect: Effect
) -> None:
    found = read(wire.notice(ID, title, "Why so.", color=color))

    assert found is not None
    assert (found.kind.name, found.kind.effect) == (name, effect)
    assert found.text == f"{title}: Why so."


def test_every_row_is_in_this_test() -> None:
    assert {kind.name for kind in KINDS} < {name for _, _, name, _ in CATALOGUE}


@pytest.mark.parametrize("title", ["QUEUE FULL", "queue  full!", "Queue full (3 of 3)"])
def test_case_punctuation_and_tail_of_a_title_do_not_matter(title: str) -> None:
    found = read(wire.notice(ID, title))

    assert found is not None
    assert found.kind.name == "queue_full"


def test_the_title_counts_before_the_colour() -> None:
    found = read(wire.notice(ID, "Job queued", color=RED))

    assert found is not None
    assert found.kind.effect is Effect.WAIT


@pytest.mark.parametrize(
    ("text", "name", "effect"),
    [
        ("Failed to process your command", "internal", Effect.FAIL),
        (
            "There was an error processing your request. Your trace: `a-b-c`",
            "internal",
            Effect.FAIL,
        ),
        ("You have triggered an abuse alert", "abuse", Effect.PAUSE),
    ],
)
def test_a_notice_may_be_plain_text(text: str, name: str, effect: Effect) -> None:
    found = read(wire.message(ID, f" {text} "))

    assert found is not None
    assert (found.kind.name, found.kind.effect) == (name, effect)
    assert found.text == text


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


@given(MESSAGES)
def test_no_message_is_too_odd(data: dict[str, Any]) -> None:
    found = read(data)

    assert found is None or isinstance(found.text, str)
