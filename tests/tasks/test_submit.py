from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import User
from tasks.enums import BotType, TaskStatus
from tasks.exceptions import InvalidRequest, NoAccount, QueueFull
from tasks.models import DrawingSettings, Task
from tasks.submit.base import Caller
from tasks.submit.buttons import submit_button
from tasks.submit.commands import submit_imagine
from tests.factories import make_account, make_finished, make_task


def imagine(user: User, **fields: Any) -> Task:
    return submit_imagine(caller=Caller(user), **({"prompt": "fox"} | fields)).task


def test_the_account_with_most_room_draws(alice: User) -> None:
    busy, idle = make_account(), make_account()
    make_task(alice, account=busy, status=TaskStatus.IN_PROGRESS)

    assert imagine(alice).account == idle


def test_a_connected_account_goes_before_one_that_is_cut_off(alice: User) -> None:
    make_account(state=AccountState.DISCONNECTED, core_size=12)
    connected = make_account(core_size=1)

    assert imagine(alice).account == connected


@pytest.mark.parametrize(
    "state", [AccountState.DISABLED, AccountState.PAUSED, AccountState.INVALID_TOKEN]
)
def test_an_account_that_needs_a_person_gets_nothing(
    alice: User, state: AccountState
) -> None:
    make_account(state=state)

    with pytest.raises(NoAccount):
        imagine(alice)


def test_a_disabled_account_gets_nothing(alice: User) -> None:
    make_account(enabled=False)

    with pytest.raises(NoAccount):
        imagine(alice)


@pytest.mark.parametrize(
    ("bot", "switch"),
    [(BotType.MID_JOURNEY, "enable_mj"), (BotType.NIJI_JOURNEY, "enable_niji")],
)
def test_a_bot_that_is_off_draws_nothing(
    alice: User, bot: BotType, switch: str
) -> None:
    make_account(**{switch: False})

    with pytest.raises(NoAccount):
        imagine(alice, bot_type=bot)


def test_a_full_account_is_passed_over(alice: User) -> None:
    full, roomy = make_account(max_queue_size=1, core_size=12), make_account()
    make_task(alice, account=full)

    assert imagine(alice).account == roomy


def test_a_button_needs_room_at_its_own_account(alice: User) -> None:
    full = make_account(max_queue_size=1)
    parent = make_finished(alice, account=full)
    make_task(alice, account=full)

    with pytest.raises(QueueFull):
        submit_button(
            caller=Caller(alice),
            task_id=parent.pk,
            custom_id=f"MJ::JOB::variation::1::{parent.job_id}",
        )


@pytest.mark.parametrize("custom_id", ["MJ::CustomZoom::{job}", "MJ::BOOKMARK::{job}"])
def test_a_button_that_needs_more_than_a_press_is_refused(
    alice: User, custom_id: str
) -> None:
    parent = make_finished(alice, account=make_account())
    wanted = custom_id.format(job=parent.job_id)
    parent.buttons = [{"customId": wanted}]
    parent.save()

    with pytest.raises(InvalidRequest):
        submit_button(caller=Caller(alice), task_id=parent.pk, custom_id=wanted)


def test_the_operators_hook_stands_in_for_none(alice: User) -> None:
    make_account()
    DrawingSettings.objects.create(notify_hook="https://hooks.example/all")

    assert imagine(alice).notify_hook == "https://hooks.example/all"


def test_a_waiting_task_has_a_deadline(alice: User) -> None:
    make_account(timeout_minutes=5)

    deadline = imagine(alice).deadline_at

    assert deadline is not None
    assert 59 < (deadline - timezone.now()).total_seconds() / 60 <= 60


@pytest.mark.parametrize(
    ("mode", "modes", "used"),
    [("", [], ""), ("FAST", [], "FAST"), ("", ["RELAX", "FAST"], "RELAX")]
    + [("TURBO", ["RELAX"], "TURBO")],
)
def test_the_prefix_decides_the_speed_before_the_filter(
    alice: User, mode: str, modes: list[str], used: str
) -> None:
    make_account()

    task = submit_imagine(
        caller=Caller(alice, mode=mode), prompt="fox", modes=modes
    ).task

    assert task.mode == used
