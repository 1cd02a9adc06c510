"""Answers in words: describe, shorten, and what their buttons edit in place."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.constants import Event
from tasks.enums import TaskAction, TaskStatus
from tasks.models import Task
from tests.gateway import wire
from tests.gateway.rows import again, make_running
from tests.gateway.wire import CDN, JOB, OTHER_JOB

CREATE, UPDATE = Event.MESSAGE_CREATE, Event.MESSAGE_UPDATE
CLICK, REPLY, RESULT = (str(1311111111111115000 + n) for n in range(3))
TEXT = "1️⃣ a fox --ar 1:1\n\n2️⃣ a red [fox](https://x.test/y)\n\n3️⃣ c\n\n4️⃣ d"
PICTURE = f"{CDN.replace('attachments', 'ephemeral-attachments')}/1/2/1.png?ex=1"


@pytest.fixture
def describe_task(alice: User, account: DiscordAccount) -> Task:
    return make_running(alice, account, action=TaskAction.DESCRIBE, echo_key="d/1")


def described(text: str = TEXT, message_id: str = REPLY, **fields: Any) -> wire.Json:
    ids = [f"MJ::Job::PicReader::{n}" for n in (1, 2, 3, 4)]
    embed = {
        "type": "rich",
        "description": text,
        "image": {"url": PICTURE, "width": 40, "height": 30},
    }
    buttons = wire.rows(*[wire.button(i) for i in [*ids, "MJ::Picread::Retry"]])
    return wire.message(message_id, embeds=[embed], components=buttons, **fields)


def loading_message(task: Task) -> wire.Json:
    answer = wire.answers(CLICK)
    return wire.message(REPLY, flags=128, nonce=task.nonce, type=20, **answer)


def handle_all(recipient: Recipient, *events: tuple[Event, wire.Json]) -> list[Outcome]:
    return [handle(recipient, event, data) for event, data in events]


def test_a_description_fills_the_message_that_its_command_made(
    recipient: Recipient, describe_task: Task
) -> None:
    handle_all(
        recipient, (CREATE, loading_message(describe_task)), (UPDATE, described())
    )

    task = again(describe_task)
    assert task.status == TaskStatus.SUCCESS
    assert task.prompt == task.prompt_en == task.final_prompt == TEXT
    assert task.texts == ["a fox --ar 1:1", "a red fox", "c", "d"]
    assert task.picture_source == PICTURE
    assert (task.picture_width, task.picture_height) == (40, 30)
    assert (task.message_id, len(task.buttons)) == (REPLY, 5)
    assert task.job_id is None


@pytest.mark.parametrize(
    "change",
    [
        {"components": []},
        {"embeds": []},
        {"embeds": None},
        {"embeds": [{"type": "image", "description": "a link's preview"}]},
        {"embeds": [{"type": "rich", "description": None}]},
        {"embeds": [{"type": "rich", "description": "  "}]},
    ],
)
def test_a_description_that_is_not_all_there_ends_nothing(
    recipient: Recipient, describe_task: Task, change: dict[str, Any]
) -> None:
    handle_all(
        recipient,
        (CREATE, loading_message(describe_task)),
        (UPDATE, described() | change),
    )

    assert again(describe_task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    "image", [None, "x", {}, {"url": 7}, {"url": "https://elsewhere.test/p.png"}]
)
def test_a_description_without_its_picture_is_one(
    recipient: Recipient, describe_task: Task, image: Any
) -> None:
    answer = described()
    answer["embeds"][0]["image"] = image

    handle_all(recipient, (CREATE, loading_message(describe_task)), (UPDATE, answer))

    assert again(describe_task).status == TaskStatus.SUCCESS


def test_words_are_no_answer_to_a_drawing(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account)

    handle_all(recipient, (CREATE, loading_message(task)), (UPDATE, described()))

    assert again(task).status == TaskStatus.SUBMITTED


def test_an_analysis_ends_shorten_and_keeps_the_users_prompt(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = make_running(alice, account, action=TaskAction.SHORTEN, prompt="very long")
    text = "## Important tokens\nvery **long**\n\n## Shortened prompts\n1️⃣ long\n2️⃣ l"
    answer = described(text)
    answer["embeds"][0]["image"] = None

    handle_all(recipient, (CREATE, loading_message(task)), (UPDATE, answer))

    done = again(task)
    assert done.status == TaskStatus.SUCCESS
    assert (done.prompt, done.texts) == ("very long", ["long", "l"])
    assert done.description == done.final_prompt == text
    assert done.picture_source == ""


# --- edits in place ------------------------------------------------------------------


@pytest.fixture
def retry_task(
    recipient: Recipient, alice: User, account: DiscordAccount, describe_task: Task
) -> Task:
    handle_all(
        recipient, (CREATE, loading_message(describe_task)), (UPDATE, described())
    )
    return make_running(
        alice,
        account,
        action=TaskAction.DESCRIBE,
        parent=describe_task,
        parent_message_id=REPLY,
        custom_id="MJ::Picread::Retry",
        echo_key="retry",
    )


def test_the_button_that_turns_blue_is_no_new_description(
    recipient: Recipient, retry_task: Task
) -> None:
    handle_all(recipient, (UPDATE, described()))

    assert again(retry_task).status == TaskStatus.SUBMITTED


def test_another_text_in_the_same_message_is_the_second_description(
    recipient: Recipient, describe_task: Task, retry_task: Task
) -> None:
    handle_all(recipient, (UPDATE, described("1️⃣ another")))

    first, second = again(describe_task), again(retry_task)
    assert (first.final_prompt, first.message_id) == (TEXT, REPLY)
    assert (second.status, second.texts) == (TaskStatus.SUCCESS, ["another"])
    assert second.message_id is None
    assert second.buttons_message_id == REPLY


def test_an_edit_for_nobody_changes_nothing(
    recipient: Recipient, describe_task: Task
) -> None:
    handle_all(
        recipient, (CREATE, loading_message(describe_task)), (UPDATE, described())
    )

    outcomes = handle_all(recipient, (UPDATE, described("1️⃣ by hand")))

    assert outcomes == [Outcome.NOT_OURS]
    assert again(describe_task).final_prompt == TEXT


# --- show ----------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False], ids=["by nonce", "by the job"])
def test_a_shown_job_becomes_what_it_was_and_owns_no_job(
    recipient: Recipient, alice: User, account: DiscordAccount, *, named: bool
) -> None:
    task = make_running(
        alice, account, action=TaskAction.SHOW, shown_job_id=JOB, echo_key="show"
    )
    fields: dict[str, Any] = {"nonce": task.nonce} if named else {}

    handle_all(recipient, (CREATE, wire.final(RESULT, job=JOB, **fields)))

    done = again(task)
    assert (done.status, done.action) == (TaskStatus.SUCCESS, TaskAction.IMAGINE)
    assert (done.job_id, done.message_id) == (None, RESULT)
    assert done.prompt == wire.PROMPT


def test_another_job_does_not_end_a_show(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = make_running(
        alice, account, action=TaskAction.SHOW, shown_job_id=JOB, echo_key="show"
    )

    handle_all(recipient, (CREATE, wire.final(RESULT, job=OTHER_JOB)))

    assert again(task).status == TaskStatus.SUBMITTED
