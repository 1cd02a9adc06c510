from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import DiscordAccount, User
from tasks.enums import BotType, TaskAction, TaskStatus, WindowState
from tasks.exceptions import (
    InvalidRequest,
    ParentNotFound,
    QueueFull,
)
from tasks.models import DrawingSettings, Task
from tasks.submit.buttons import (
    submit_change,
)
from tasks.submit.row import Caller
from tests.factories import make_account, make_finished, make_task
from tests.tasks.parents import (
    ANIMATE,
    JOB,
    LARGER,
    PAN,
    REDESCRIBE,
    REGION,
    SUBTLE,
    UNKNOWN,
    ZOOM,
    make_described,
    make_single,
    press,
    remix_account,
)
from tests.tasks.refusals import Block

pytestmark = pytest.mark.usefixtures("names", "media")
REMIX = [PAN, SUBTLE, ANIMATE]


# --- pressed at once ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom_id", "action"),
    [
        (LARGER, TaskAction.ACTION),
        (UNKNOWN, TaskAction.ACTION),
        (PAN, TaskAction.PAN),
        (SUBTLE, TaskAction.VARIATION),
        (ANIMATE, TaskAction.VIDEO),
    ],
)
def test_a_button_without_a_window_waits_for_its_turn(
    alice: User, account: DiscordAccount, custom_id: str, action: TaskAction
) -> None:
    parent = make_single(alice, account)

    task = press(parent, custom_id).task

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.NONE)
    assert (task.action, task.custom_id) == (action, custom_id)
    assert task.parent_message_id == parent.message_id
    assert task.prompt_en == "a red fox --ar 2:1 --v 6.1"
    assert task.echo_key == f"{parent.message_id}|{custom_id}"


def test_a_description_is_asked_for_again(alice: User, account: DiscordAccount) -> None:
    parent = make_described(alice, account)

    task = press(parent, REDESCRIBE).task

    assert (task.action, task.window) == (TaskAction.DESCRIBE, WindowState.NONE)
    assert task.preview_source == parent.picture_source


def test_a_button_needs_room_at_its_own_account(alice: User, unchanged: Block) -> None:
    full = make_account(max_queue_size=1)
    make_account()
    parent = make_single(alice, full)
    make_task(alice, account=full)

    with unchanged(), pytest.raises(QueueFull):
        press(parent, LARGER)


def test_a_button_of_an_edited_message_is_pressed_there(
    alice: User, account: DiscordAccount
) -> None:
    parent = make_single(alice, account, message_id=None, parent_message_id="777")

    assert press(parent, LARGER).task.parent_message_id == "777"


# --- windows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom_id", "offered"),
    [
        (ZOOM, "a red fox --ar 2:1 --v 6.1 --zoom 2"),
        (REGION, "a red fox --ar 2:1 --v 6.1"),
    ],
)
def test_some_buttons_always_open_a_window(
    alice: User, account: DiscordAccount, custom_id: str, offered: str
) -> None:
    DiscordAccount.objects.update(remix_auto_submit=True)
    DrawingSettings.objects.create(window_minutes=7)

    task = press(make_single(alice, account), custom_id).task

    assert (task.status, task.window) == (TaskStatus.MODAL, WindowState.EXPECTED)
    assert task.description == "Waiting for window confirm"
    assert task.final_prompt == task.prompt_en == offered
    assert task.deadline_at is not None
    minutes = (task.deadline_at - timezone.now()).total_seconds() / 60
    assert 6 < minutes <= 7


def test_a_region_begins_with_the_prompt_of_its_picture(
    alice: User, account: DiscordAccount
) -> None:
    task = press(make_single(alice, account), REGION).task

    assert (task.action, task.prompt) == (TaskAction.INPAINT, "a red fox")


def test_a_window_opens_although_the_queue_is_full(alice: User) -> None:
    full = make_account(max_queue_size=1)
    parent = make_single(alice, full)
    make_task(alice, account=full)

    assert press(parent, ZOOM).task.status == TaskStatus.MODAL


@pytest.mark.parametrize("custom_id", REMIX)
@pytest.mark.parametrize(
    ("on", "answers_itself", "forced", "status", "window"),
    [
        (False, False, False, TaskStatus.NOT_START, WindowState.NONE),
        (True, False, False, TaskStatus.MODAL, WindowState.EXPECTED),
        (True, True, False, TaskStatus.NOT_START, WindowState.EXPECTED),
        (True, True, True, TaskStatus.MODAL, WindowState.EXPECTED),
        (True, False, True, TaskStatus.MODAL, WindowState.EXPECTED),
    ],
)
def test_remix_decides_whether_a_window_opens(
    alice: User,
    custom_id: str,
    on: bool,
    answers_itself: bool,
    forced: bool,
    status: TaskStatus,
    window: WindowState,
) -> None:
    account = make_account(mj_remix_on=on, remix_auto_submit=answers_itself)
    parent = make_single(alice, account)

    task = press(parent, custom_id, force_window=forced).task

    assert (task.status, task.window) == (status, window)
    assert task.prompt_en == "a red fox --ar 2:1 --v 6.1"


def test_a_window_that_remix_would_open_cannot_be_forced_without_it(
    alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_single(alice, account)

    with unchanged(), pytest.raises(InvalidRequest) as refused:
        press(parent, PAN, force_window=True)

    assert "remix" in refused.value.zh


@pytest.mark.parametrize("custom_id", [LARGER, UNKNOWN])
def test_a_button_that_has_no_window_is_pressed_however_much_one_is_wanted(
    alice: User, custom_id: str
) -> None:
    parent = make_single(alice, remix_account())

    task = press(parent, custom_id, force_window=True).task

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.NONE)


def test_each_bot_has_a_remix_mode_of_its_own(alice: User) -> None:
    account = make_account(mj_remix_on=True, niji_remix_on=False)
    parent = make_single(alice, account, bot_type=BotType.NIJI_JOURNEY)

    assert press(parent, PAN).task.window == WindowState.NONE

    DiscordAccount.objects.update(mj_remix_on=False, niji_remix_on=True)

    assert press(parent, PAN).task.window == WindowState.EXPECTED


# --- cancel ---------------------------------------------------------------------------


def test_the_cancel_button_stops_the_task_itself(
    alice: User, account: DiscordAccount
) -> None:
    task = make_task(
        alice, account=account, status=TaskStatus.IN_PROGRESS, job_id=JOB, progress=31
    )

    found = press(task, f"MJ::CancelJob::ByJobid::{JOB.upper()}")

    task.refresh_from_db()
    assert found.task == task
    assert task.cancel_requested_at is not None
    assert Task.objects.count() == 1


def test_the_cancel_button_of_anothers_task_is_unknown(
    alice: User, bob: User, account: DiscordAccount, unchanged: Block
) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS, job_id=JOB)

    with unchanged(), pytest.raises(ParentNotFound):
        press(task, f"MJ::CancelJob::ByJobid::{JOB}", caller=Caller(bob))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": TaskStatus.IN_PROGRESS, "job_id": None},
        {"status": TaskStatus.IN_PROGRESS, "job_id": JOB.replace("5", "6")},
        {"status": TaskStatus.SUCCESS, "job_id": JOB},
        {"status": TaskStatus.FAILURE, "job_id": JOB},
    ],
)
def test_what_is_over_or_another_job_is_not_stopped(
    alice: User, unchanged: Block, fields: dict[str, Any]
) -> None:
    task = make_task(alice, **fields)

    with unchanged(), pytest.raises(InvalidRequest):
        press(task, f"MJ::CancelJob::ByJobid::{JOB}")


# --- change ---------------------------------------------------------------------------


def test_change_answers_a_remix_window_by_itself(alice: User) -> None:
    parent = make_finished(alice, account=remix_account())

    task = submit_change(
        caller=Caller(alice), task_id=parent.pk, action=TaskAction.VARIATION, index=2
    ).task

    assert (task.status, task.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)
    assert task.prompt_en == "a red fox --v 6.1"
    assert task.description == f"/up {parent.pk} V2"


# --- once -----------------------------------------------------------------------------


@pytest.mark.parametrize("custom_id", [LARGER, ZOOM])
def test_a_key_presses_once(
    alice: User, account: DiscordAccount, custom_id: str
) -> None:
    parent = make_single(alice, account)
    caller = Caller(alice, idempotency_key="k")

    first, again = (press(parent, custom_id, caller=caller).task for _ in range(2))

    assert first == again
