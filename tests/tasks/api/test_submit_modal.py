from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus, WindowState
from tasks.models import Task
from tasks.services import fail
from tests.conftest import ALICES_KEY, ApiClient
from tests.factories import ban, make_account, make_finished, make_task
from tests.pictures import bare, bomb, data_url, mask, picture
from tests.tasks.parents import (
    DESCRIBED,
    PAN,
    REGION,
    ZOOM,
    make_described,
    make_window,
)
from tests.tasks.refusals import BAD_LINKS, PUBLIC_LINK, Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/modal"
CLOSED = "窗口已提交或已过期"
UNKNOWN = "关联任务不存在或已失效"
MASK = data_url(mask((64, 32)))


@pytest.fixture
def zoom(single: Task) -> Task:
    return make_window(single, ZOOM)


@pytest.fixture
def region(single: Task) -> Task:
    return make_window(
        single, REGION, action=TaskAction.INPAINT, prompt="", prompt_en=""
    )


def of(task: Task, **members: Any) -> dict[str, Any]:
    return {"taskId": str(task.pk)} | members


def test_the_task_goes_on_under_its_id(
    api: ApiClient,
    zoom: Task,
    account: DiscordAccount,
    heard: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    body = of(zoom, prompt="a blue fox --zoom 1.5", state="ignored", notifyHook="")

    with django_capture_on_commit_callbacks(execute=True):
        said = api.send(PATH, body).json()

    zoom.refresh_from_db()
    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": str(zoom.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (zoom.status, zoom.prompt_en) == (
        TaskStatus.NOT_START,
        "a blue fox --zoom 1.5",
    )
    assert zoom.client_state == ""
    assert heard == [("changed", zoom.pk), ("submitted", zoom.pk)]


def test_it_tells_how_many_wait_ahead(api: ApiClient, alice: User, zoom: Task) -> None:
    make_task(alice, account=zoom.account)

    said = api.send(PATH, of(zoom)).json()

    assert (said["code"], said["result"]) == (22, str(zoom.pk))
    assert said["properties"]["numberOfQueues"] == 1


@pytest.mark.parametrize("members", [{}, {"prompt": " "}, {"prompt": None}])
def test_without_a_prompt_the_offered_one_is_sent(
    api: ApiClient, alice: User, account: DiscordAccount, members: dict[str, Any]
) -> None:
    parent = make_described(alice, account)
    custom_id = DESCRIBED.format(2)
    body = {"taskId": str(parent.pk), "customId": custom_id}
    opened = api.send("/mj/submit/action", body).json()

    said = api.send(PATH, {"taskId": opened["result"]} | members).json()

    task = Task.objects.get(pk=said["result"])
    assert (opened["code"], said["code"]) == (21, 1)
    assert (task.prompt, task.prompt_en) == ("two", "two")


@pytest.mark.parametrize(
    "given",
    [MASK, bare(mask((64, 32))), data_url(mask((32, 16), (0, 0, 9, 9)))],
    ids=["data url", "bare", "half as large"],
)
def test_a_region_takes_a_mask(api: ApiClient, region: Task, given: str) -> None:
    said = api.send(PATH, of(region, prompt="a crown", maskBase64=given)).json()

    region.refresh_from_db()
    assert said["code"] == 1
    assert (region.status, region.prompt) == (TaskStatus.NOT_START, "a crown")
    assert region.inputs.get().width == 64


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "maskBase64不能为空"),
        ("", "maskBase64不能为空"),
        ("data:image/png;base64,!!!!", "base64格式错误"),
        (data_url(b"<html></html>", "text/html"), "base64格式错误"),
        (data_url(bomb()), "图片尺寸过大"),
        (data_url(bomb(8000, 4000)), "图片尺寸过大"),
        (data_url(bomb(64, 32)), "base64格式错误"),
        (data_url(picture((64, 32), "black")), "蒙版为空"),
        (PUBLIC_LINK, "base64格式错误"),
        ("http://127.0.0.1/mask.png", "链接错误: 不允许访问内网地址"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_mask_leaves_the_window_open(
    api: ApiClient, region: Task, unchanged: Block, given: str | None, text: str
) -> None:
    with unchanged():
        answer = api.send(PATH, of(region, prompt="a crown", maskBase64=given))

    check_refused(answer, 4, text)
    region.refresh_from_db()
    assert region.status == TaskStatus.MODAL


@pytest.mark.parametrize(
    ("prompt", "code", "text"),
    [
        ("x" * 8193, 4, "prompt过长"),
        ("a nude fox", 24, "可能包含敏感词"),
        ("fox --zoom 7", 4, "zoom参数错误"),
        *((f"fox {link}", 4, text) for link, text in BAD_LINKS.items()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_prompt_leaves_the_window_open(
    api: ApiClient, zoom: Task, unchanged: Block, prompt: str, code: int, text: str
) -> None:
    ban("nude")

    with unchanged():
        answer = api.send(PATH, of(zoom, prompt=prompt))

    check_refused(answer, code, text)


def test_where_nothing_was_offered_a_prompt_is_needed(
    api: ApiClient, single: Task, unchanged: Block
) -> None:
    window = make_window(single, PAN, prompt_en="")

    with unchanged():
        answer = api.send(PATH, of(window))

    check_refused(answer, 4, "prompt不能为空")


# --- whose window, and in which state -------------------------------------------------


@pytest.mark.parametrize("members", [{}, {"taskId": " "}, {"prompt": "fox"}])
def test_the_task_must_be_named(
    api: ApiClient, unchanged: Block, members: dict[str, Any]
) -> None:
    with unchanged():
        answer = api.send(PATH, members)

    check_refused(answer, 4, "参数错误")


@pytest.mark.parametrize("task_id", ["77", "abc", "-5", "9" * 30])
def test_an_unknown_task_is_404_with_code_3(
    api: ApiClient, unchanged: Block, task_id: str
) -> None:
    with unchanged():
        answer = api.send(PATH, {"taskId": task_id, "prompt": "fox"})

    check_refused(answer, 3, UNKNOWN, status=404)


def test_anothers_window_is_unknown(
    bob_api: ApiClient, zoom: Task, unchanged: Block
) -> None:
    with unchanged():
        answer = bob_api.send(PATH, of(zoom, prompt="fox"))

    check_refused(answer, 3, UNKNOWN, status=404)


def test_an_operator_may_answer_anothers_window(
    operator_api: ApiClient, zoom: Task
) -> None:
    assert operator_api.send(PATH, of(zoom)).json()["code"] == 1


@pytest.mark.parametrize("status", [s for s in TaskStatus if s is not TaskStatus.MODAL])
def test_a_task_that_waits_for_no_window_is_refused(
    api: ApiClient, alice: User, unchanged: Block, status: TaskStatus
) -> None:
    task = make_task(alice, account=make_account(), status=status)

    with unchanged():
        answer = api.send(PATH, of(task, prompt="fox"))

    check_refused(answer, 4, CLOSED)


def test_a_finished_picture_is_no_window(
    api: ApiClient, alice: User, unchanged: Block
) -> None:
    grid = make_finished(alice, account=make_account())

    with unchanged():
        answer = api.send(PATH, of(grid, prompt="fox"))

    check_refused(answer, 4, CLOSED)


def test_an_answered_window_is_not_answered_again(
    api: ApiClient, zoom: Task, unchanged: Block
) -> None:
    api.send(PATH, of(zoom, prompt="first"))

    with unchanged():
        answer = api.send(PATH, of(zoom, prompt="second"))

    check_refused(answer, 4, CLOSED)


def test_an_expired_window_is_closed(
    api: ApiClient, zoom: Task, unchanged: Block
) -> None:
    fail(zoom.pk, "nobody answered")

    with unchanged():
        answer = api.send(PATH, of(zoom, prompt="fox"))

    check_refused(answer, 4, CLOSED)


def test_without_its_account_there_is_none(
    api: ApiClient, zoom: Task, unchanged: Block
) -> None:
    make_account()
    rows = DiscordAccount.objects.filter(pk=zoom.account_id or 0)
    rows.update(state=AccountState.PAUSED)

    with unchanged():
        answer = api.send(PATH, of(zoom))

    check_refused(answer, 3, "无可用的账号实例：该任务的账号暂不可用")


def test_a_full_queue_leaves_the_window_open(
    api: ApiClient, alice: User, zoom: Task, unchanged: Block
) -> None:
    DiscordAccount.objects.update(max_queue_size=1)
    make_task(alice, account=zoom.account)

    with unchanged():
        answer = api.send(PATH, of(zoom))

    check_refused(answer, 23, "队列已满，请稍后尝试")


@pytest.mark.parametrize("members", [{"taskId": 77}, {"prompt": 1}, {"maskBase64": []}])
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, zoom: Task, unchanged: Block, members: dict[str, Any]
) -> None:
    with unchanged():
        answer = api.send(PATH, of(zoom) | members)

    assert (answer.status_code, answer.json()["code"]) == (200, -1)


# --- once -----------------------------------------------------------------------------


def test_the_same_key_answers_with_the_same_task(api: ApiClient, zoom: Task) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, of(zoom, prompt="fox"), headers=headers).json() for _ in range(2)
    )

    assert (again["code"], again["result"]) == (1, first["result"])


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_exactly_one_wins(zoom: Task) -> None:
    together = Barrier(2)

    def race(prompt: str) -> Any:
        client = ApiClient(ALICES_KEY)
        together.wait(30)
        try:
            return client.send(PATH, of(zoom, prompt=prompt)).json()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(race, ("a crown", "a hat")))

    zoom.refresh_from_db()
    assert sorted(said["code"] for said in answers) == [1, 4]
    assert {said["description"] for said in answers} == {"提交成功", CLOSED}
    winner = next(n for n, said in enumerate(answers) if said["code"] == 1)
    assert zoom.prompt == ("a crown", "a hat")[winner]
    assert (zoom.status, zoom.window) == (TaskStatus.NOT_START, WindowState.EXPECTED)


def test_a_stranger_answers_nothing(stranger: ApiClient, zoom: Task) -> None:
    assert stranger.send(PATH, of(zoom)).status_code == 401
