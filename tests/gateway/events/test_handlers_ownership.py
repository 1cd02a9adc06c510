from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.constants import Event
from mjproxy.lib.ids import new_nonce
from tasks.enums import TaskAction, TaskStatus
from tasks.models import Task
from tests.factories import make_finished
from tests.gateway import wire
from tests.gateway.rows import GRID, again, make_pressed, make_running
from tests.gateway.wire import JOB, OTHER_JOB, STRANGER

CREATE = Event.MESSAGE_CREATE
PROGRESS, RESULT = (str(1311111111111113000 + n) for n in (1, 2))


def test_the_text_of_another_user_is_not_ours(recipient: Recipient, task: Task) -> None:
    for data in (
        wire.start(new_nonce(), user=STRANGER),
        wire.progress(new_nonce(), 31, user=STRANGER, job=JOB),
        wire.final(new_nonce(), user=STRANGER),
    ):
        assert handle(recipient, CREATE, data) is Outcome.NOT_OURS

    assert again(task).status == TaskStatus.SUBMITTED
    assert again(task).job_id is None


def test_what_a_person_writes_is_not_read(recipient: Recipient, task: Task) -> None:
    forged = wire.final(new_nonce(), author={"id": STRANGER, "username": "someone"})

    assert handle(recipient, CREATE, forged) is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize("fields", [{"channel_id": "5"}, {"channel_id": None}])
def test_other_channels_are_not_read(
    recipient: Recipient, task: Task, fields: dict[str, Any]
) -> None:
    foreign = wire.final(RESULT, nonce=task.nonce, **fields)

    assert handle(recipient, CREATE, foreign) is Outcome.NOT_OURS
    assert again(task).status == TaskStatus.SUBMITTED


def test_the_text_of_two_equal_prompts_is_parked(
    recipient: Recipient, task: Task, alice: User, account: DiscordAccount
) -> None:
    make_running(alice, account)

    outcome = handle(recipient, CREATE, wire.final(new_nonce()))

    assert outcome is Outcome.UNRESOLVED
    assert not Task.objects.filter(status=TaskStatus.SUCCESS).exists()


def test_equal_prompts_are_told_apart_by_their_jobs(
    recipient: Recipient, task: Task, alice: User, account: DiscordAccount
) -> None:
    twin = make_running(alice, account)
    handle(recipient, CREATE, wire.progress("81", 5, nonce=task.nonce, job=JOB))
    handle(recipient, CREATE, wire.progress("82", 5, nonce=twin.nonce, job=OTHER_JOB))

    handle(recipient, CREATE, wire.final(RESULT, job=OTHER_JOB))

    assert again(task).status == TaskStatus.IN_PROGRESS
    assert again(twin).status == TaskStatus.SUCCESS


def test_two_variations_of_one_grid_are_not_swapped(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    first, second = (
        make_pressed(alice, account, "variation", i, action=TaskAction.VARIATION)
        for i in (1, 2)
    )
    result = wire.final(new_nonce(), said="Variations by ", **wire.reply_to(GRID))

    assert handle(recipient, CREATE, result) is Outcome.UNRESOLVED
    assert again(first).status == again(second).status == TaskStatus.SUBMITTED

    known = wire.progress("83", 5, verb="Variations by ", job=JOB, nonce=second.nonce)
    assert handle(recipient, CREATE, known) is Outcome.TAUGHT
    assert handle(recipient, CREATE, result) is Outcome.READ
    assert again(first).status == TaskStatus.SUBMITTED
    assert again(second).status == TaskStatus.SUCCESS


def test_an_upscale_needs_nothing_but_reply_and_index(
    recipient: Recipient, alice: User, account: DiscordAccount
) -> None:
    task = make_pressed(alice, account, "upsample", 4, action=TaskAction.UPSCALE)
    result = wire.final(RESULT, said="Image #4 ", mode="", **wire.reply_to(GRID))

    handle(recipient, CREATE, result)

    assert again(task).status == TaskStatus.SUCCESS
    assert again(task).matched_by == "reference"


def test_the_result_of_another_job_is_ignored(recipient: Recipient, task: Task) -> None:
    handle(recipient, CREATE, wire.progress(PROGRESS, 5, nonce=task.nonce, job=JOB))

    other = wire.final(RESULT, job=OTHER_JOB, nonce=task.nonce)

    assert handle(recipient, CREATE, other) is Outcome.UNRESOLVED
    assert again(task).status == TaskStatus.IN_PROGRESS


@pytest.mark.parametrize("taken", [{"job_id": JOB}, {"message_id": RESULT}])
def test_a_message_and_a_job_complete_one_task_only(
    recipient: Recipient,
    task: Task,
    alice: User,
    account: DiscordAccount,
    taken: dict[str, str],
) -> None:
    values = {"job_id": OTHER_JOB, "message_id": "84"} | taken
    make_finished(alice, account=account, **values)

    handle(recipient, CREATE, wire.final(RESULT, job=JOB, nonce=task.nonce))

    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize("taken", [{"job_id": JOB}, {"message_id": RESULT}])
def test_not_even_of_another_account(
    recipient: Recipient, task: Task, alice: User, taken: dict[str, str]
) -> None:
    make_finished(alice, **({"job_id": OTHER_JOB, "message_id": "84"} | taken))

    handle(recipient, CREATE, wire.final(RESULT, job=JOB, nonce=task.nonce))

    assert again(task).status == TaskStatus.SUBMITTED


@pytest.mark.parametrize(
    "data",
    [
        wire.message("85", embeds=[{"type": "rich", "title": "News"}]),
        wire.message("85", flags=128),
        wire.start("85"),
    ],
)
def test_what_looks_ours_and_fits_nothing_is_parked(
    recipient: Recipient, data: dict[str, Any]
) -> None:
    assert handle(recipient, CREATE, data) is Outcome.UNRESOLVED


@pytest.mark.parametrize("text", ["", "Hello!"])
def test_small_talk_is_not_parked(recipient: Recipient, text: str) -> None:
    assert handle(recipient, CREATE, wire.message("85", text)) is Outcome.NOT_OURS


@pytest.mark.parametrize("event", ["TYPING_START", "READY", ""])
def test_other_events_are_not_handled(recipient: Recipient, event: str) -> None:
    assert handle(recipient, event, {"id": "1"}) is Outcome.NOT_OURS
