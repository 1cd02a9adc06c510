from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import AccountState
from accounts.models import User
from tasks.enums import TaskAction, TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.tasks.refusals import Block, check_refused

PATH = "/mj/submit/action"


@pytest.mark.parametrize(
    ("template", "action", "description"),
    [
        ("MJ::JOB::upsample::2::{job}", TaskAction.UPSCALE, "U2"),
        ("MJ::JOB::variation::3::{job}", TaskAction.VARIATION, "V3"),
        ("MJ::JOB::reroll::0::{job}::SOLO", TaskAction.REROLL, "R"),
    ],
)
def test_it_presses_a_button_of_the_parent(
    api: ApiClient, grid: Task, template: str, action: str, description: str
) -> None:
    custom_id = template.format(job=grid.job_id)

    said = api.send(PATH, {"taskId": str(grid.pk), "customId": custom_id}).json()

    task = Task.objects.get(pk=said["result"])
    assert said["code"] == 1
    assert (task.parent, task.account) == (grid, grid.account)
    assert (task.action, task.custom_id) == (action, custom_id)
    assert task.description == f"/up {grid.pk} {description}"
    assert task.parent_message_id == grid.message_id


@pytest.mark.parametrize("stand_in", ["2", "1300000000000000001"])
def test_any_hash_will_do_for_a_button_that_exists(
    api: ApiClient, grid: Task, stand_in: str
) -> None:
    wanted = f"MJ::JOB::upsample::2::{stand_in}"

    said = api.send(PATH, {"taskId": str(grid.pk), "customId": wanted}).json()

    task = Task.objects.get(pk=said["result"])
    assert task.custom_id == f"MJ::JOB::upsample::2::{grid.job_id}"


@pytest.mark.parametrize("custom_id", ["MJ::JOB::upsample::5::x", "nonsense", "\n"])
def test_a_button_that_the_parent_lacks_is_refused(
    api: ApiClient, grid: Task, unchanged: Block, custom_id: str
) -> None:
    with unchanged():
        answer = api.send(PATH, {"taskId": str(grid.pk), "customId": custom_id})

    check_refused(answer, 4, "参数错误")


@pytest.mark.parametrize("body", [{}, {"taskId": "1"}, {"customId": "x"}])
def test_both_members_are_needed(api: ApiClient, unchanged: Block, body: Any) -> None:
    with unchanged():
        answer = api.send(PATH, body)

    check_refused(answer, 4, "参数错误")


@pytest.mark.parametrize("task_id", ["1", "abc", "-5", "9" * 30, "１２"])
def test_an_unknown_parent_is_404_with_code_3(api: ApiClient, task_id: str) -> None:
    answer = api.send(PATH, {"taskId": task_id, "customId": "MJ::JOB::upsample::1::x"})

    assert answer.status_code == 404
    assert answer.json() == {
        "code": 3,
        "description": "关联任务不存在或已失效",
        "result": None,
        "properties": {"descriptionEn": "Related task does not exist or has expired"},
    }


def test_anothers_task_is_unknown(
    bob_api: ApiClient, grid: Task, unchanged: Block
) -> None:
    custom_id = f"MJ::JOB::upsample::1::{grid.job_id}"

    with unchanged():
        answer = bob_api.send(PATH, {"taskId": str(grid.pk), "customId": custom_id})

    check_refused(answer, 3, "关联任务不存在或已失效", status=404)


def test_an_operator_may_press_anothers_button(
    operator_api: ApiClient, grid: Task
) -> None:
    custom_id = f"MJ::JOB::upsample::1::{grid.job_id}"

    answer = operator_api.send(PATH, {"taskId": str(grid.pk), "customId": custom_id})

    assert answer.json()["code"] == 1


@pytest.mark.parametrize(
    "status", [s for s in TaskStatus if s is not TaskStatus.SUCCESS]
)
def test_the_parent_must_have_succeeded(
    api: ApiClient, alice: User, unchanged: Block, status: TaskStatus
) -> None:
    parent = make_task(alice, status=status)

    with unchanged():
        answer = api.send(PATH, {"taskId": str(parent.pk), "customId": "x"})

    check_refused(answer, 4, "关联任务状态错误")


@pytest.mark.parametrize(
    "state", [AccountState.PAUSED, AccountState.INVALID_TOKEN, AccountState.DISABLED]
)
def test_without_the_parents_account_there_is_none(
    api: ApiClient, alice: User, state: AccountState
) -> None:
    make_account()
    parent = make_finished(alice, account=make_account(state=state))
    custom_id = f"MJ::JOB::upsample::1::{parent.job_id}"

    said = api.send(PATH, {"taskId": str(parent.pk), "customId": custom_id}).json()

    assert said["code"] == 3
    assert said["description"] == "无可用的账号实例：该任务的账号暂不可用"


def test_a_repeated_upscale_answers_with_the_first(api: ApiClient, grid: Task) -> None:
    body = {"taskId": str(grid.pk), "customId": f"MJ::JOB::upsample::1::{grid.job_id}"}

    first, again = api.send(PATH, body).json(), api.send(PATH, body).json()

    assert (again["code"], again["result"]) == (1, first["result"])


def test_an_upscale_that_failed_may_be_tried_again(api: ApiClient, grid: Task) -> None:
    body = {"taskId": str(grid.pk), "customId": f"MJ::JOB::upsample::1::{grid.job_id}"}
    first = api.send(PATH, body).json()["result"]
    Task.objects.filter(pk=first).update(status=TaskStatus.FAILURE)

    assert api.send(PATH, body).json()["result"] != first


def test_a_repeated_variation_is_drawn_again(api: ApiClient, grid: Task) -> None:
    body = {"taskId": str(grid.pk), "customId": f"MJ::JOB::variation::1::{grid.job_id}"}

    first, again = api.send(PATH, body).json(), api.send(PATH, body).json()

    assert again["result"] != first["result"]
