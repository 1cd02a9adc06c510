from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount
from tasks.enums import TaskAction
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import ban, make_account
from tests.tasks.refusals import Block, check_refused

pytestmark = pytest.mark.usefixtures("media")
PATH = "/mj/submit/shorten"


def test_it_writes_a_task(api: ApiClient, account: DiscordAccount) -> None:
    body = {"prompt": " a very red fox ", "botType": "niji", "base64Array": ["ignored"]}

    said = api.send(PATH, body).json()

    task = Task.objects.get()
    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": str(task.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (task.action, task.prompt) == (TaskAction.SHORTEN, "a very red fox")
    assert task.bot_type == "NIJI_JOURNEY"
    assert task.description == "/shorten a very red fox"
    assert not task.inputs.exists()


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({}, 4, "prompt不能为空"),
        ({"prompt": " "}, 4, "prompt不能为空"),
        ({"prompt": "x" * 8193}, 4, "prompt过长"),
        ({"prompt": "a nude fox"}, 24, "可能包含敏感词"),
    ],
    ids=["missing", "blank", "long", "banned"],
)
def test_a_wrong_prompt_is_refused(
    api: ApiClient,
    account: DiscordAccount,
    unchanged: Block,
    members: dict[str, Any],
    code: int,
    text: str,
) -> None:
    ban("nude")

    with unchanged():
        answer = api.send(PATH, members)

    check_refused(answer, code, text)


def test_an_account_that_does_not_shorten_is_none(
    api: ApiClient, unchanged: Block
) -> None:
    make_account(is_shorten=False)

    with unchanged():
        answer = api.send(PATH, {"prompt": "fox"})

    check_refused(answer, 3, "无可用的账号实例：最接近的账号未启用 shorten")


def test_the_same_key_asks_once(api: ApiClient, account: DiscordAccount) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, {"prompt": "fox"}, headers=headers).json() for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Task.objects.count() == 1


def test_a_stranger_asks_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        assert stranger.send(PATH, {"prompt": "fox"}).status_code == 401
