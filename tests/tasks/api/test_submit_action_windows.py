"""POST /mj/submit/action for buttons that need more than a press."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import DiscordAccount, User
from tasks.api import errand_views
from tasks.enums import ErrandKind, TaskAction, TaskStatus, WindowState
from tasks.errands import finish, give_up
from tasks.models import Errand, Task
from tests.conftest import BOBS_KEY, ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.tasks.api.streams import ask, gateway, read, read_while
from tests.tasks.parents import (
    ANALYSED,
    BOOKMARK,
    DESCRIBED,
    DESCRIBED_ALL,
    JOB,
    PAN,
    REDESCRIBE,
    REGION,
    SUBTLE,
    UNKNOWN,
    ZOOM,
    make_described,
    make_shortened,
    make_single,
)
from tests.tasks.refusals import Block, check_refused

pytestmark = pytest.mark.usefixtures("media")
PATH = "/mj/submit/action"
GONE = "关联任务不存在或已失效"
committed = pytest.mark.django_db(transaction=True)


def of(task: Task, custom_id: str, **members: Any) -> dict[str, Any]:
    return {"taskId": str(task.pk), "customId": custom_id} | members


def switch(**fields: bool) -> None:
    DiscordAccount.objects.update(**fields)


# --- code 21 --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("custom_id", "action", "offered"),
    [
        (ZOOM, TaskAction.ACTION, "a red fox --ar 2:1 --v 6.1 --zoom 2"),
        ("MJ::CustomZoom::2", TaskAction.ACTION, "a red fox --ar 2:1 --v 6.1 --zoom 2"),
        (REGION, TaskAction.INPAINT, "a red fox --ar 2:1 --v 6.1"),
        ("MJ::Inpaint::1::2::SOLO", TaskAction.INPAINT, "a red fox --ar 2:1 --v 6.1"),
    ],
)
def test_a_window_is_code_21_with_what_it_offers(
    api: ApiClient, single: Task, custom_id: str, action: str, offered: str
) -> None:
    said = api.send(PATH, of(single, custom_id, state="s")).json()

    task = Task.objects.get(parent=single)
    assert said == {
        "code": 21,
        "description": "Waiting for window confirm",
        "result": str(task.pk),
        "properties": {
            "finalPrompt": offered,
            "remix": True,
            "discordInstanceId": single.account.channel_id if single.account else "",
        },
    }
    assert (task.status, task.action) == (TaskStatus.MODAL, action)
    assert (task.client_state, task.description) == ("s", "Waiting for window confirm")


def test_a_task_that_waits_for_its_window_can_be_fetched(
    api: ApiClient, single: Task
) -> None:
    result = api.send(PATH, of(single, ZOOM)).json()["result"]

    said = api.get(f"/mj/task/{result}/fetch").json()

    assert (said["status"], said["progress"]) == ("MODAL", None)
    assert said["properties"]["remix"] is True
    assert said["customId"] == ZOOM


@pytest.mark.parametrize("custom_id", [PAN, SUBTLE])
@pytest.mark.parametrize(
    ("on", "itself", "members", "code", "window"),
    [
        (False, False, {}, 1, WindowState.NONE),
        (False, True, {"enableRemix": None}, 1, WindowState.NONE),
        (True, False, {}, 21, WindowState.EXPECTED),
        (True, True, {}, 1, WindowState.EXPECTED),
        (True, True, {"enableRemix": False}, 1, WindowState.EXPECTED),
        (True, True, {"enableRemix": True}, 21, WindowState.EXPECTED),
    ],
)
def test_remix_is_off_on_or_answered_by_itself(
    api: ApiClient,
    single: Task,
    custom_id: str,
    on: bool,
    itself: bool,
    members: dict[str, Any],
    code: int,
    window: WindowState,
) -> None:
    switch(mj_remix_on=on, remix_auto_submit=itself)

    said = api.send(PATH, of(single, custom_id, **members)).json()

    task = Task.objects.get(pk=said["result"])
    assert said["code"] == code
    assert task.status == (TaskStatus.MODAL if code == 21 else TaskStatus.NOT_START)
    assert task.window == window


def test_a_window_cannot_be_had_without_remix(
    api: ApiClient, single: Task, unchanged: Block
) -> None:
    with unchanged():
        answer = api.send(PATH, of(single, PAN, enableRemix=True))

    check_refused(answer, 4, "当前账号不支持 remix，请开启 remix 功能")


def test_a_described_prompt_is_offered(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)

    said = api.send(PATH, of(parent, DESCRIBED.format(3))).json()

    assert (said["code"], said["properties"]["finalPrompt"]) == (21, "three")


@pytest.mark.parametrize(("itself", "code"), [(False, 21), (True, 1)])
def test_a_shortened_prompt_is_offered_or_drawn(
    api: ApiClient, alice: User, account: DiscordAccount, itself: bool, code: int
) -> None:
    switch(remix_auto_submit=itself)
    parent = make_shortened(alice, account)

    said = api.send(PATH, of(parent, ANALYSED.format(2))).json()

    assert said["code"] == code
    assert Task.objects.get(pk=said["result"]).prompt_en == "fox"


def test_a_shortened_prompt_that_is_not_known_is_code_3(
    api: ApiClient, alice: User, account: DiscordAccount, unchanged: Block
) -> None:
    parent = make_shortened(alice, account)

    with unchanged():
        answer = api.send(PATH, of(parent, ANALYSED.format(5)))

    check_refused(answer, 3, "未找到 Shortened prompts")


# --- others ---------------------------------------------------------------------------


def test_all_described_prompts_are_answered_with_their_ids(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)
    make_task(alice, account=account)

    said = api.send(PATH, of(parent, DESCRIBED_ALL, state="s")).json()

    children = Task.objects.filter(parent=parent).order_by("pk")
    assert (said["code"], said["description"]) == (1, "提交成功")
    assert said["result"] == ",".join(str(task.pk) for task in children)
    assert [task.client_state for task in children] == ["s::1", "s::2", "s::3", "s::4"]


def test_a_picture_is_described_again(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)

    said = api.send(PATH, of(parent, REDESCRIBE)).json()

    assert said["code"] == 1
    assert Task.objects.get(pk=said["result"]).action == TaskAction.DESCRIBE


def test_a_button_that_is_new_to_this_project_is_pressed_if_it_is_there(
    api: ApiClient, single: Task, unchanged: Block
) -> None:
    said = api.send(PATH, of(single, UNKNOWN)).json()

    task = Task.objects.get(pk=said["result"])
    assert (said["code"], task.action) == (1, TaskAction.ACTION)
    assert (task.custom_id, task.description) == (UNKNOWN, UNKNOWN)
    with unchanged():
        answer = api.send(PATH, of(single, UNKNOWN.replace("sparkle", "glow")))
    check_refused(answer, 4, "参数错误")


def test_the_cancel_button_stops_the_task(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    task = make_task(
        alice, account=account, status=TaskStatus.IN_PROGRESS, job_id=JOB, progress=31
    )

    said = api.send(PATH, of(task, f"MJ::CancelJob::ByJobid::{JOB}")).json()

    task.refresh_from_db()
    assert (said["code"], said["result"]) == (1, str(task.pk))
    assert task.cancel_requested_at is not None
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    "custom_id", [ZOOM, REGION, BOOKMARK, f"MJ::CancelJob::ByJobid::{JOB}"]
)
def test_anothers_task_is_unknown_for_every_kind_of_button(
    bob_api: ApiClient, single: Task, unchanged: Block, custom_id: str
) -> None:
    with unchanged():
        answer = bob_api.send(PATH, of(single, custom_id))

    check_refused(answer, 3, GONE, status=404)


@pytest.mark.parametrize("custom_id", [ZOOM, REGION, BOOKMARK, DESCRIBED_ALL])
def test_a_button_that_the_parent_lacks_is_refused(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    custom_id: str,
) -> None:
    grid = make_finished(alice, account=account)

    with unchanged():
        answer = api.send(PATH, of(grid, custom_id))

    check_refused(answer, 4, "参数错误")


@pytest.mark.parametrize("custom_id", [ZOOM, BOOKMARK])
def test_the_parent_must_have_succeeded(
    api: ApiClient, alice: User, unchanged: Block, custom_id: str
) -> None:
    task = make_task(alice, status=TaskStatus.IN_PROGRESS)

    with unchanged():
        answer = api.send(PATH, of(task, custom_id))

    check_refused(answer, 4, "关联任务状态错误")


@pytest.mark.parametrize("custom_id", [ZOOM, PAN, BOOKMARK])
def test_without_the_parents_account_there_is_none(
    api: ApiClient, alice: User, unchanged: Block, custom_id: str
) -> None:
    make_account()
    parent = make_single(alice, make_account(enabled=False))

    with unchanged():
        answer = api.send(PATH, of(parent, custom_id))

    check_refused(answer, 3, "无可用的账号实例：该任务的账号已禁用")


@pytest.mark.parametrize("custom_id", [ZOOM, PAN])
def test_the_same_key_presses_once(
    api: ApiClient, single: Task, custom_id: str
) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, of(single, custom_id), headers=headers).json() for _ in range(2)
    )

    assert first == again
    assert Task.objects.count() == 2


def test_the_same_key_presses_all_once(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    parent = make_described(alice, account)
    headers = {"Idempotency-Key": "k" * 255}

    first, again = (
        api.send(PATH, of(parent, DESCRIBED_ALL), headers=headers).json()
        for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Task.objects.count() == 5


# --- bookmarks ------------------------------------------------------------------------


@committed
@pytest.mark.parametrize("custom_id", [BOOKMARK, "MJ::BOOKMARK::2"])
async def test_a_bookmark_is_answered_with_the_parent_and_makes_no_task(
    single: Task, custom_id: str
) -> None:
    with gateway(lambda errand: finish(errand.pk, None)) as run:
        response = await ask(PATH, of(single, custom_id))

    assert await read(response) == {
        "code": 1,
        "description": "成功",
        "result": str(single.pk),
        "properties": {},
    }
    assert [(e.kind, e.task_id, e.custom_id) for e in run] == [
        (ErrandKind.PRESS, single.pk, BOOKMARK)
    ]
    assert await Task.objects.acount() == 1


@committed
async def test_the_answer_waits_until_the_button_is_pressed(single: Task) -> None:
    response = await ask(PATH, of(single, BOOKMARK))
    errand = await Errand.objects.aget()

    said = await read_while(response, finish, errand.pk, None)

    assert said["code"] == 1


@committed
async def test_what_discord_says_against_it_is_code_4(single: Task) -> None:
    with gateway(lambda errand: give_up(errand.pk, "拒绝", "refused")):
        said = await read(await ask(PATH, of(single, BOOKMARK)))

    assert (said["code"], said["description"]) == (4, "拒绝")
    assert (said["result"], said["properties"]) == (None, {"descriptionEn": "refused"})


@committed
async def test_what_is_seen_right_after_the_press_counts_more(single: Task) -> None:
    def act(errand: Errand) -> None:
        finish(errand.pk, None)
        give_up(errand.pk, "需要验证", "verification is asked for")

    with gateway(act):
        said = await read(await ask(PATH, of(single, BOOKMARK)))

    assert (said["code"], said["description"]) == (4, "需要验证")


@committed
async def test_a_press_that_takes_too_long_is_a_failure(
    single: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand_views, "PRESS_SECONDS", 0)

    said = await read(await ask(PATH, of(single, BOOKMARK)))

    assert (said["code"], said["description"]) == (9, "提交失败，系统异常")
    assert said["properties"]["descriptionEn"]


@committed
async def test_anothers_picture_cannot_be_marked(bob: User, single: Task) -> None:
    response = await ask(PATH, of(single, BOOKMARK), key=BOBS_KEY)

    check_refused(response, 3, GONE, status=404)
    assert not await sync_to_async(Errand.objects.exists)()
