from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.tasks.refusals import Block, check_refused

PATH = "/mj/submit/change"


@pytest.mark.parametrize(
    ("members", "template"),
    [
        ({"action": "UPSCALE", "index": 4}, "MJ::JOB::upsample::4::{job}"),
        ({"action": "upscale", "index": "2"}, "MJ::JOB::upsample::2::{job}"),
        ({"action": 1, "index": 1}, "MJ::JOB::upsample::1::{job}"),
        ({"action": "UPSCALE"}, "MJ::JOB::upsample::1::{job}"),
        ({"action": "UPSCALE", "index": None}, "MJ::JOB::upsample::1::{job}"),
        ({"action": "VARIATION", "index": 3}, "MJ::JOB::variation::3::{job}"),
        ({"action": "REROLL"}, "MJ::JOB::reroll::0::{job}::SOLO"),
        ({"action": "REROLL", "index": 7}, "MJ::JOB::reroll::0::{job}::SOLO"),
    ],
)
def test_it_presses_the_button_that_is_meant(
    api: ApiClient, grid: Task, members: dict[str, Any], template: str
) -> None:
    said = api.send(PATH, {"taskId": str(grid.pk)} | members).json()

    assert said["code"] == 1
    assert Task.objects.get(pk=said["result"]).custom_id == template.format(
        job=grid.job_id
    )


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"taskId": ""}, "taskId不能为空"),
        ({"action": "UPSCALE"}, "taskId不能为空"),
        ({"taskId": "1"}, "action参数错误"),
        ({"taskId": "1", "action": "PAN"}, "action参数错误"),
        ({"taskId": "1", "action": "UPSCALE", "index": 5}, "index参数错误"),
        ({"taskId": "1", "action": "VARIATION", "index": 0}, "index参数错误"),
    ],
)
def test_it_refuses_what_it_cannot_read(
    api: ApiClient, members: dict[str, Any], text: str
) -> None:
    said = api.send(PATH, members).json()

    assert (said["code"], said["description"]) == (4, text)


@pytest.mark.parametrize(
    "members",
    [{"action": "SMEAR"}, {"action": ""}, {"action": 99}, {"index": "one"}]
    + [{"taskId": 1}, {"action": []}, {"index": {}}],
)
def test_a_wrong_type_is_an_envelope_that_submit_clients_can_read(
    api: ApiClient, members: dict[str, Any]
) -> None:
    answer = api.send(PATH, {"taskId": "1", "action": "UPSCALE"} | members)

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    assert said["message"] == said["description"]
    assert (said["result"], said["properties"]) == (None, {})


def test_an_upscaled_picture_cannot_be_changed(api: ApiClient, alice: User) -> None:
    parent = make_finished(alice, account=make_account(), action=TaskAction.UPSCALE)

    said = api.send(PATH, {"taskId": str(parent.pk), "action": "REROLL"}).json()

    assert (said["code"], said["description"]) == (4, "关联任务不允许执行变化")


def test_the_account_that_is_gone_is_named(api: ApiClient, alice: User) -> None:
    gone = make_account(state=AccountState.PAUSED)
    parent = make_finished(alice, account=gone)

    said = api.send(PATH, {"taskId": str(parent.pk), "action": "REROLL"}).json()

    assert (said["code"], said["description"]) == (3, f"账号不可用: {gone.channel_id}")


def test_an_unknown_parent_is_404_with_code_3(api: ApiClient) -> None:
    answer = api.send(PATH, {"taskId": "77", "action": "REROLL"})

    assert (answer.status_code, answer.json()["code"]) == (404, 3)


def test_anothers_task_is_unknown(
    bob_api: ApiClient, grid: Task, unchanged: Block
) -> None:
    with unchanged():
        answer = bob_api.send(PATH, {"taskId": str(grid.pk), "action": "REROLL"})

    check_refused(answer, 3, "关联任务不存在或已失效", status=404)


def test_a_task_that_is_not_finished_is_in_the_wrong_state(
    api: ApiClient, alice: User, unchanged: Block
) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)

    with unchanged():
        answer = api.send(PATH, {"taskId": str(task.pk), "action": "REROLL"})

    check_refused(answer, 4, "关联任务状态错误")


@pytest.mark.parametrize("itself", [True, False])
def test_a_remix_window_is_answered_with_the_parents_prompt(
    api: ApiClient, grid: Task, itself: bool
) -> None:
    DiscordAccount.objects.update(mj_remix_on=True, remix_auto_submit=itself)

    said = api.send(PATH, {"taskId": str(grid.pk), "action": "REROLL"}).json()

    task = Task.objects.get(pk=said["result"])
    assert (said["code"], task.status) == (1, TaskStatus.NOT_START)
    assert (task.window, task.prompt_en) == (WindowState.EXPECTED, "a red fox --v 6.1")


def test_the_same_key_changes_once(api: ApiClient, grid: Task) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"taskId": str(grid.pk), "action": "VARIATION", "index": 1}

    first, again = (api.send(PATH, body, headers=headers).json() for _ in range(2))

    assert first["result"] == again["result"]
    assert Task.objects.count() == 2
