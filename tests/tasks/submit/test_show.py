"""Jobs that are fetched back: known by their id, shown once."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus
from tasks.exceptions import InvalidRequest
from tasks.submit.account import Wanted
from tasks.submit.commands import (
    submit_show,
)
from tasks.submit.row import Caller
from tests.factories import make_finished, make_task

pytestmark = pytest.mark.usefixtures("names", "media")
JOB = "5c0ffee0-1234-4abc-8def-0123456789ab"

NAMED = "https://cdn.discordapp.com/attachments/1/2/alice_a_red_fox_"


@pytest.mark.parametrize(
    "text",
    [
        JOB,
        f" {JOB.upper()}\n",
        f"{NAMED}{JOB}.png?ex=1&is=2",
        f"{NAMED}{'0' * 8}-1111-2222-3333-{'4' * 12}_{JOB}.png",
        f"https://cdn.midjourney.com/{JOB}/0_0.webp",
        f"https://cdn.midjourney.com/{JOB}_grid_0.webp",
        f"https://www.midjourney.com/jobs/{JOB}?index=0",
    ],
)
def test_a_job_is_read_from_an_id_and_from_links(
    alice: User, account: DiscordAccount, text: str
) -> None:
    wanted = Wanted(instance_id=account.channel_id)

    task = submit_show(caller=Caller(alice), job=text, wanted=wanted).task

    assert (task.action, task.shown_job_id) == (TaskAction.SHOW, JOB)
    assert task.description == f"/show {JOB}"
    assert task.job_id is None


def test_a_job_that_the_caller_has_is_answered_at_once(
    alice: User, account: DiscordAccount, unchanged: Any
) -> None:
    known = make_finished(alice, account=account, job_id=JOB)

    with unchanged():
        found = submit_show(caller=Caller(alice), job=JOB)

    assert found.task == known


@pytest.mark.parametrize(
    "fields",
    [
        {"status": TaskStatus.SUCCESS, "action": TaskAction.IMAGINE},
        {"status": TaskStatus.SUCCESS, "action": TaskAction.UPSCALE},
        {"status": TaskStatus.NOT_START, "action": TaskAction.SHOW},
        {"status": TaskStatus.SUBMITTED, "action": TaskAction.SHOW},
    ],
)
def test_a_job_that_is_shown_already_is_not_shown_again(
    alice: User, account: DiscordAccount, unchanged: Any, fields: dict[str, Any]
) -> None:
    shown = make_task(alice, account=account, shown_job_id=JOB, **fields)
    link = f"https://cdn.midjourney.com/{JOB.upper()}/0_0.webp"
    wanted = Wanted(instance_id=account.channel_id)

    with unchanged():
        found = submit_show(caller=Caller(alice), job=link, wanted=wanted)

    assert found.task == shown


def test_a_job_is_shown_again_after_a_failure_and_for_somebody_else(
    alice: User, bob: User, account: DiscordAccount
) -> None:
    failed = {"status": TaskStatus.FAILURE, "shown_job_id": JOB}
    make_task(alice, account=account, action=TaskAction.SHOW, **failed)
    wanted = Wanted(instance_id=account.channel_id)

    tasks = [
        submit_show(caller=Caller(user), job=JOB, wanted=wanted).task
        for user in (alice, bob, alice)
    ]

    assert len({task.pk for task in tasks}) == 2
    assert tasks[0] == tasks[2]


def test_a_clip_with_the_job_of_its_video_is_not_that_job(
    alice: User, account: DiscordAccount
) -> None:
    clip = make_finished(
        alice,
        account=account,
        job_id=None,
        shown_job_id=JOB,
        custom_id=f"MJ::JOB::video_virtual_upscale::1::{JOB}",
    )
    wanted = Wanted(instance_id=account.channel_id)

    assert submit_show(caller=Caller(alice), job=JOB, wanted=wanted).task != clip


def test_a_second_show_is_told_to_the_hook_that_it_names(
    alice: User, account: DiscordAccount
) -> None:
    shown = make_finished(alice, account=account, job_id=None, shown_job_id=JOB)
    caller = Caller(alice, notify_hook="https://hook.example/told")

    submit_show(caller=caller, job=JOB)

    assert shown.deliveries.get().url == "https://hook.example/told"


def test_an_operator_is_answered_with_anybodys_job(
    alice: User, operator: User, account: DiscordAccount
) -> None:
    known = make_finished(alice, account=account, job_id=JOB)

    assert submit_show(caller=Caller(operator), job=JOB).task == known


@pytest.mark.parametrize("status", [TaskStatus.SUCCESS, TaskStatus.IN_PROGRESS])
def test_anothers_job_is_not_shown(
    alice: User,
    bob: User,
    account: DiscordAccount,
    unchanged: Any,
    status: TaskStatus,
) -> None:
    make_task(alice, account=account, job_id=JOB, status=status)
    wanted = Wanted(instance_id=account.channel_id)

    with unchanged(), pytest.raises(InvalidRequest):
        submit_show(caller=Caller(bob), job=JOB, wanted=wanted)
