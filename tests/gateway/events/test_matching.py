from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import DiscordAccount, User
from gateway.events import matching
from gateway.events.matching import Match
from gateway.protocol import messages
from mjproxy.lib.ids import new_nonce
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.models import Task
from tests.factories import make_account
from tests.gateway import wire
from tests.gateway.rows import GRID, make_pressed, make_running
from tests.gateway.wire import JOB, OTHER_JOB, STRANGER, US

NONCE, CLICK, PROGRESS, RESULT = (str(1311111111111112000 + n) for n in range(4))


def identify(account: DiscordAccount, data: dict[str, Any]) -> Match | None:
    return matching.by_identity(account.pk, messages.read(data))


def refer(account: DiscordAccount, data: dict[str, Any]) -> Match | None:
    return matching.by_reference(account.pk, messages.read(data))


def words(account: DiscordAccount, data: dict[str, Any]) -> Match | None:
    return matching.by_text(
        account.pk, US, messages.read(data), bot_type=BotType.MID_JOURNEY
    )


@pytest.mark.parametrize(
    ("known", "said", "by"),
    [
        ({"nonce": NONCE}, {"nonce": NONCE}, "nonce"),
        ({"nonce": NONCE}, {"nonce": int(NONCE)}, "nonce"),
        ({"interaction_id": CLICK}, {"interaction": {"id": CLICK}}, "interaction"),
        ({"interaction_id": CLICK}, wire.answers(CLICK), "interaction"),
        (
            {"interaction_id": CLICK},
            wire.answers("9", triggering_interaction_metadata={"id": CLICK}),
            "interaction",
        ),
        ({"progress_message_id": "777"}, {}, "message"),
        (
            {"progress_message_id": PROGRESS},
            wire.answers("9", original_response_message_id=PROGRESS),
            "message",
        ),
        ({"message_id": "777"}, {}, "message"),
        ({"job_id": JOB}, {"components": wire.grid_buttons(JOB)}, "job"),
        ({"job_id": JOB}, {"attachments": [wire.picture(f"a_{JOB}.png")]}, "job"),
    ],
)
def test_each_key_alone_finds_its_task(
    alice: User,
    account: DiscordAccount,
    known: dict[str, str],
    said: dict[str, Any],
    by: str,
) -> None:
    task = make_running(alice, account, **known)
    make_running(alice, account)

    assert identify(account, wire.message("777", **said)) == Match(task, by)


def test_a_message_without_a_key_names_nobody(
    alice: User, account: DiscordAccount
) -> None:
    make_running(alice, account)

    assert identify(account, wire.start("777")) is None


def test_the_stronger_key_wins(alice: User, account: DiscordAccount) -> None:
    by_job = make_running(alice, account, job_id=JOB)
    by_interaction = make_running(alice, account, interaction_id=CLICK)

    found = identify(account, wire.final("777", job=JOB, **wire.answers(CLICK)))

    assert found == Match(by_interaction, "interaction")
    assert found.task != by_job


def test_the_keys_of_another_account_do_not_count(
    alice: User, account: DiscordAccount
) -> None:
    make_running(alice, make_account(), nonce=NONCE, job_id=JOB)

    assert identify(account, wire.final("777", job=JOB, nonce=NONCE)) is None


def test_a_task_that_is_over_is_found_too(alice: User, account: DiscordAccount) -> None:
    task = make_running(alice, account, job_id=JOB, status=TaskStatus.SUCCESS)

    assert identify(account, wire.final("777", job=JOB)) == Match(task, "job")


def test_an_empty_nonce_names_nobody(alice: User, account: DiscordAccount) -> None:
    make_running(alice, account, nonce=None)

    assert matching.by_nonce(account.pk, "") is None
    assert matching.by_nonce(account.pk, "5") is None


# --- the message that a button is on -------------------------------------------------


@pytest.mark.parametrize(
    ("action", "verb", "index", "said"),
    [
        (TaskAction.UPSCALE, "upsample", 2, "Image #2 "),
        (TaskAction.VARIATION, "variation", 3, "Variations by "),
        (TaskAction.VARIATION, "variation", 3, "Variations (Strong) by "),
        (TaskAction.VARIATION, "variation", 3, "Remix by "),
        (TaskAction.REROLL, "reroll", 0, ""),
        (TaskAction.REROLL, "reroll", 0, "Variations by "),
        (TaskAction.PAN, "pan_left", 1, "Pan Left by "),
        (TaskAction.ACTION, "upsample_v7_2x_subtle", 1, "Upscaled (Subtle) by "),
        (TaskAction.ACTION, "upsample_v5_2x", 1, "Upscaling by "),
        (TaskAction.ACTION, "Outpaint", 50, "Zoom Out by "),
        (TaskAction.INPAINT, "Inpaint", 1, "Variations (Region) by "),
    ],
)
def test_a_reply_belongs_to_the_one_pressed_button_that_fits(
    alice: User,
    account: DiscordAccount,
    action: TaskAction,
    verb: str,
    index: int,
    said: str,
) -> None:
    task = make_pressed(alice, account, verb, index, action=action)

    reply = wire.final("777", said=said, **wire.reply_to(GRID))

    assert refer(account, reply) == Match(task, "reference")


@pytest.mark.parametrize(
    ("action", "verb", "said"),
    [
        (TaskAction.UPSCALE, "upsample", "Image #3 "),
        (TaskAction.UPSCALE, "upsample", "Variations by "),
        (TaskAction.VARIATION, "variation", "Image #1 "),
        (TaskAction.VARIATION, "variation", "Zoom Out by "),
        (TaskAction.VARIATION, "variation", ""),
        (TaskAction.PAN, "pan_left", "Variations by "),
        (TaskAction.ACTION, "upsample_v5_2x", "Pan Up by "),
        (TaskAction.REROLL, "reroll", "Image #1 "),
    ],
)
def test_a_reply_that_says_something_else_is_not_the_buttons(
    alice: User, account: DiscordAccount, action: TaskAction, verb: str, said: str
) -> None:
    make_pressed(alice, account, verb, 1, action=action)

    assert refer(account, wire.final("777", said=said, **wire.reply_to(GRID))) is None


def test_two_upscales_of_a_grid_are_told_apart_by_their_index(
    alice: User, account: DiscordAccount
) -> None:
    make_pressed(alice, account, "upsample", 1, action=TaskAction.UPSCALE)
    second = make_pressed(alice, account, "upsample", 2, action=TaskAction.UPSCALE)

    found = refer(account, wire.final("7", said="Image #2 ", **wire.reply_to(GRID)))

    assert found == Match(second, "reference")


def test_two_variations_of_a_grid_are_never_guessed(
    alice: User, account: DiscordAccount
) -> None:
    for index in (1, 2):
        make_pressed(alice, account, "variation", index, action=TaskAction.VARIATION)

    reply = wire.final("777", said="Variations by ", **wire.reply_to(GRID))

    assert refer(account, reply) is None
    assert words(account, reply) is None


def test_a_variation_and_a_reroll_of_a_grid_are_never_guessed(
    alice: User, account: DiscordAccount
) -> None:
    make_pressed(alice, account, "variation", 1, action=TaskAction.VARIATION)
    make_pressed(alice, account, "reroll", 0, action=TaskAction.REROLL)

    reply = wire.final("777", said="Variations by ", **wire.reply_to(GRID))

    assert refer(account, reply) is None


@pytest.mark.parametrize("known", [{"job_id": OTHER_JOB}, {"interaction_id": "5"}])
def test_a_reply_that_contradicts_a_known_key_is_not_the_buttons(
    alice: User, account: DiscordAccount, known: dict[str, str]
) -> None:
    make_pressed(alice, account, "variation", 1, action=TaskAction.VARIATION, **known)
    said = {**wire.reply_to(GRID), **wire.answers(CLICK)}

    assert refer(account, wire.final("7", said="Variations by ", **said)) is None


def test_an_error_may_reply_to_the_progress_message(
    alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account, progress_message_id=PROGRESS)

    error = wire.notice("777", "Internal error", **wire.reply_to(PROGRESS))

    assert refer(account, error) == Match(task, "reference")


def test_a_task_that_is_over_takes_no_reply(
    alice: User, account: DiscordAccount
) -> None:
    make_pressed(
        alice,
        account,
        "upsample",
        action=TaskAction.UPSCALE,
        status=TaskStatus.FAILURE,
    )

    reply = wire.final("777", said="Image #1 ", **wire.reply_to(GRID))

    assert refer(account, reply) is None


# --- the words of the prompt ---------------------------------------------------------


def test_words_find_the_only_running_task_that_has_them(
    alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account)
    make_running(alice, account, "something else")

    echo = wire.progress(new_nonce(), 5, prompt="A tin robot,  watering tulips --v 7.0")

    assert words(account, echo) == Match(task, "text")


def test_two_running_tasks_of_one_prompt_are_never_matched_by_words(
    alice: User, account: DiscordAccount
) -> None:
    make_running(alice, account)
    make_running(alice, account)

    assert words(account, wire.progress(new_nonce(), 5)) is None
    assert words(account, wire.final(new_nonce())) is None


def test_a_prompt_that_begins_alike_is_another(
    alice: User, account: DiscordAccount
) -> None:
    make_running(alice, account, "a tin robot")

    assert words(account, wire.final(new_nonce(), prompt="a tin robot at sea")) is None


@pytest.mark.parametrize(
    "said",
    [
        {"user": STRANGER},
        {"said": "Variations by "},
        {"said": "Image #1 "},
        wire.reply_to(GRID),
    ],
)
def test_words_do_not_count_where_the_message_is_of_another_kind(
    alice: User, account: DiscordAccount, said: dict[str, Any]
) -> None:
    make_running(alice, account)

    assert words(account, wire.final(new_nonce(), **said)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": TaskStatus.NOT_START},
        {"status": TaskStatus.SUCCESS},
        {"bot_type": BotType.NIJI_JOURNEY},
        {"action": TaskAction.VARIATION},
        {"job_id": OTHER_JOB},
        {"interaction_id": CLICK},
        {"claimed_at": None},
        {"claimed_at": timezone.now() + timedelta(days=1)},
    ],
)
def test_words_do_not_count_where_the_task_contradicts(
    alice: User, account: DiscordAccount, fields: dict[str, Any]
) -> None:
    make_running(alice, account, **fields)

    result = wire.final(new_nonce(), job=JOB, **wire.answers("5"))

    assert words(account, result) is None


def test_words_of_pure_picture_prompts_are_not_empty(
    alice: User, account: DiscordAccount
) -> None:
    make_running(alice, account, "https://a.test/1.png https://a.test/2.png")

    other = wire.final(new_nonce(), prompt="<https://s.mj.run/x>")

    assert words(account, other) is None
    assert Task.objects.exclude(echo_key="").count() == 1


# --- snowflakes ----------------------------------------------------------------------


@given(st.datetimes(datetime(2016, 1, 1), datetime(2060, 1, 1)))  # noqa: DTZ001
def test_a_moment_comes_back_from_its_snowflake(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)

    found = matching.message_time(matching.snowflake_at(moment))

    assert timedelta(0) <= moment - found < timedelta(milliseconds=2)


def test_a_moment_before_discord_has_the_smallest_snowflake() -> None:
    assert matching.snowflake_at(datetime(2001, 1, 1, tzinfo=UTC)) == "0"


@pytest.mark.parametrize("odd", ["", "abc", "9" * 60])
def test_an_odd_id_is_of_now(odd: str) -> None:
    assert abs(matching.message_time(odd) - timezone.now()) < timedelta(minutes=1)
