from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount
from tasks.enums import TaskAction
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account
from tests.pictures import bare, data_url, picture
from tests.tasks.refusals import BAD_PICTURES, PUBLIC_LINK, Block, check_refused

pytestmark = pytest.mark.usefixtures("names", "media")
PATH = "/mj/submit/describe"
PICTURE = data_url(picture())


@pytest.mark.parametrize(
    ("members", "link"),
    [
        ({"base64": PICTURE}, ""),
        ({"base64": bare(picture())}, ""),
        ({"base64": PUBLIC_LINK}, PUBLIC_LINK),
        ({"link": PUBLIC_LINK}, PUBLIC_LINK),
        ({"base64": " ", "link": f" {PUBLIC_LINK} "}, PUBLIC_LINK),
        ({"base64": PICTURE, "link": PUBLIC_LINK}, ""),
        ({"base64": PICTURE, "language": "zh_cn"}, ""),
    ],
)
def test_a_picture_or_its_link_is_described(
    api: ApiClient, account: DiscordAccount, members: dict[str, Any], link: str
) -> None:
    said = api.send(PATH, members).json()

    task = Task.objects.get(pk=said["result"])
    assert (said["code"], said["description"]) == (1, "提交成功")
    assert said["properties"] == {"discordInstanceId": account.channel_id}
    assert (task.action, task.prompt) == (TaskAction.DESCRIBE, "")
    assert task.inputs.get().source_url == link


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "base64不能为空"),
        ({"base64": " \n"}, "base64不能为空"),
        ({"base64": "", "link": ""}, "base64不能为空"),
        ({"link": "ftp://pictures.example/x"}, "链接格式错误"),
        ({"link": "pictures.example/x.png"}, "链接格式错误"),
        ({"link": "https://10.0.0.7/x"}, "链接错误: 不允许访问内网地址"),
        *(({"base64": bad}, text) for bad, text in BAD_PICTURES.items()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_picture_is_refused(
    api: ApiClient,
    account: DiscordAccount,
    unchanged: Block,
    members: dict[str, Any],
    text: str,
) -> None:
    with unchanged():
        answer = api.send(PATH, members)

    check_refused(answer, 4, text)


@pytest.mark.parametrize("members", [{"base64": 7}, {"base64": []}, {"link": {}}])
def test_a_wrong_type_is_an_envelope(
    api: ApiClient, account: DiscordAccount, unchanged: Block, members: Any
) -> None:
    with unchanged():
        answer = api.send(PATH, members)

    assert (answer.status_code, answer.json()["code"]) == (200, -1)


def test_an_account_that_does_not_describe_is_none(
    api: ApiClient, unchanged: Block
) -> None:
    make_account(is_describe=False)

    with unchanged():
        answer = api.send(PATH, {"base64": PICTURE})

    check_refused(answer, 3, "无可用的账号实例：最接近的账号未启用 describe")


def test_the_same_key_asks_once(api: ApiClient, account: DiscordAccount) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, {"base64": PICTURE}, headers=headers).json() for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Task.objects.count() == 1


def test_a_stranger_asks_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        assert stranger.send(PATH, {"base64": PICTURE}).status_code == 401
