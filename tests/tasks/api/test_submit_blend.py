from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account, make_task
from tests.pictures import bare, data_url, picture
from tests.tasks.refusals import BAD_PICTURES, PUBLIC_LINK, Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/blend"
PICTURE = data_url(picture())


def test_it_writes_a_task_with_its_pictures(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    body = {"base64Array": [PICTURE, PUBLIC_LINK, bare(picture())], "state": "s"}

    said = api.send(PATH, body | {"dimensions": "landscape"}).json()

    task = Task.objects.get()
    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": str(task.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (task.owner, task.status) == (alice, TaskStatus.NOT_START)
    assert (task.action, task.prompt_en) == (TaskAction.BLEND, "--ar 3:2")
    assert (task.client_state, task.inputs.count()) == ("s", 3)


@pytest.mark.parametrize(
    ("dimensions", "flag"),
    [("PORTRAIT", "2:3"), (0, "2:3"), ("SQUARE", "1:1"), (2, "3:2"), (None, "1:1")],
)
def test_the_shape_is_a_word_or_its_number(
    api: ApiClient, account: DiscordAccount, dimensions: Any, flag: str
) -> None:
    api.send(PATH, {"base64Array": [PICTURE] * 2, "dimensions": dimensions})

    assert Task.objects.get().prompt_en == f"--ar {flag}"


@pytest.mark.parametrize(
    "given",
    [None, [], [PICTURE], [PICTURE] * 6, [PICTURE, ""], [PICTURE, None]],
    ids=["missing", "none", "one", "six", "a blank one", "a null one"],
)
def test_two_to_five_pictures_are_needed(
    api: ApiClient, account: DiscordAccount, unchanged: Block, given: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, {"base64Array": given})

    check_refused(answer, 4, "base64List参数错误")


@pytest.mark.parametrize("bad", BAD_PICTURES, ids=lambda bad: bad[:40])
def test_one_bad_picture_spoils_all(
    api: ApiClient, account: DiscordAccount, unchanged: Block, bad: str
) -> None:
    with unchanged():
        answer = api.send(PATH, {"base64Array": [PICTURE, bad]})

    check_refused(answer, 4, BAD_PICTURES[bad])


@pytest.mark.parametrize(
    "members",
    [{"dimensions": "ROUND"}, {"dimensions": 3}, {"base64Array": "x"}]
    + [{"base64Array": [{}, []]}],
)
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, members: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, {"base64Array": [PICTURE] * 2} | members)

    said = answer.json()
    assert (answer.status_code, said["code"], said["success"]) == (200, -1, False)
    assert said["message"]


def test_an_account_that_does_not_blend_is_none(
    api: ApiClient, unchanged: Block
) -> None:
    make_account(is_blend=False)

    with unchanged():
        answer = api.send(PATH, {"base64Array": [PICTURE] * 2})

    check_refused(answer, 3, "无可用的账号实例：最接近的账号未启用 blend")


def test_a_full_queue_is_refused(api: ApiClient, alice: User, unchanged: Block) -> None:
    full = make_account(max_queue_size=1)
    make_task(alice, account=full)

    with unchanged():
        answer = api.send(PATH, {"base64Array": [PICTURE] * 2})

    check_refused(answer, 23, "队列已满，请稍后尝试")
    assert answer.json()["properties"]["discordInstanceId"] == full.channel_id


def test_the_same_key_blends_once(api: ApiClient, account: DiscordAccount) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, {"base64Array": [PICTURE] * 2}, headers=headers).json()
        for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Task.objects.count() == 1


def test_a_stranger_blends_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        answer = stranger.send(PATH, {"base64Array": [PICTURE] * 2})

    assert answer.status_code == 401
