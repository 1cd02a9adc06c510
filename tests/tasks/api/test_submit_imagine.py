from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import ban, make_account, make_task
from tests.tasks.refusals import Block, check_refused

PATH = "/mj/submit/imagine"


def test_it_writes_a_task_and_answers_its_id(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    answer = api.send(PATH, {"prompt": " a red fox ", "state": "s", "notifyHook": ""})

    task = Task.objects.get()
    assert answer.json() == {
        "code": 1,
        "description": "提交成功",
        "result": str(task.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (task.owner, task.account) == (alice, account)
    assert (task.status, task.prompt) == (TaskStatus.NOT_START, "a red fox")
    assert task.client_state == "s"


def test_it_tells_how_many_wait_ahead(
    api: ApiClient, alice: User, account: DiscordAccount
) -> None:
    make_task(alice, account=account)

    answer = api.send(PATH, {"prompt": "fox"})

    assert answer.content.startswith(b'{"code":22,"description":"')
    assert answer.json()["description"] == "排队中，前面还有1个任务"
    assert answer.json()["properties"] == {
        "numberOfQueues": 1,
        "discordInstanceId": account.channel_id,
    }


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({}, 4, "prompt不能为空"),
        ({"prompt": " \n "}, 4, "prompt不能为空"),
        ({"prompt": None}, 4, "prompt不能为空"),
        ({"prompt": "x" * 8193}, 4, "prompt过长"),
        ({"prompt": "a nude fox"}, 24, "可能包含敏感词"),
        (
            {"prompt": "fox", "base64Array": ["data:a/b;base64,AA=="]},
            4,
            "base64格式错误",
        ),
        ({"prompt": "fox", "base64": "AA=="}, 4, "base64格式错误"),
        ({"prompt": "fox", "state": "x" * 256}, 4, "State参数过长，最大255字符"),
        (
            {"prompt": "fox", "notifyHook": "http://x/" + "x" * 2000},
            4,
            "NotifyHook参数过长，最大2000字符",
        ),
        ({"prompt": "fox", "notifyHook": "ftp://x/y"}, 4, "NotifyHook格式错误"),
        ({"prompt": "fox", "notifyHook": "http://["}, 4, "NotifyHook格式错误"),
        ({"prompt": "fox", "notifyHook": "http://a:b@x/"}, 4, "NotifyHook格式错误"),
        ({"prompt": "fox", "notifyHook": "http://x/ y"}, 4, "NotifyHook格式错误"),
        ({"prompt": "fox", "notifyHook": "http://x:0/"}, 4, "NotifyHook格式错误"),
        (
            {"prompt": "fox", "accountFilter": {"instanceId": "9"}},
            3,
            "无可用的账号实例：没有该频道的账号",
        ),
    ],
)
def test_it_refuses_with_a_code_and_writes_nothing(
    api: ApiClient,
    account: DiscordAccount,
    unchanged: Block,
    body: Any,
    code: int,
    text: str,
) -> None:
    ban("nude")

    with unchanged():
        answer = api.send(PATH, body)

    check_refused(answer, code, text)


def test_a_refused_word_is_named(api: ApiClient, account: DiscordAccount) -> None:
    ban("nude")

    properties = api.send(PATH, {"prompt": "a Nude fox"}).json()["properties"]

    assert (properties["bannedWord"], properties["promptEn"]) == ("Nude", "a Nude fox")


def test_without_an_account_it_says_so(api: ApiClient) -> None:
    assert api.send(PATH, {"prompt": "fox"}).json()["code"] == 3


def test_a_full_queue_is_refused(api: ApiClient, alice: User) -> None:
    full = make_account(max_queue_size=1)
    make_task(alice, account=full)

    said = api.send(PATH, {"prompt": "fox"}).json()

    assert (said["code"], said["result"]) == (23, None)
    assert said["properties"]["discordInstanceId"] == full.channel_id


@pytest.mark.parametrize(
    "body",
    [
        {"accountFilter": None, "base64Array": None, "state": None, "botType": None},
        {"accountFilter": {}, "base64Array": [], "state": "", "notifyHook": ""},
        {"accountFilter": {"instanceId": "", "modes": [], "remix": True, "x": 1}},
        {"accountFilter": {"instanceId": None, "modes": None}, "botType": "anything"},
        {"ar": "1:1", "seed": 7, "tile": False, "modes": []},
        {"base64Array": [None, ""]},
    ],
)
def test_empty_and_unknown_members_mean_nothing(
    api: ApiClient, account: DiscordAccount, body: dict[str, Any]
) -> None:
    assert api.send(PATH, {"prompt": "fox"} | body).json()["code"] == 1


def test_the_names_of_members_match_in_any_case(
    api: ApiClient, account: DiscordAccount
) -> None:
    api.send(PATH, {"Prompt": "fox", "NOTIFYHOOK": "http://127.0.0.1/h"})

    task = Task.objects.get()
    assert (task.prompt, task.notify_hook) == ("fox", "http://127.0.0.1/h")


def test_the_named_account_draws(api: ApiClient, account: DiscordAccount) -> None:
    wanted = make_account()

    api.send(
        PATH, {"prompt": "fox", "accountFilter": {"instanceId": wanted.channel_id}}
    )

    assert Task.objects.get().account == wanted


@pytest.mark.parametrize(("modes", "found"), [(["fast"], 1), ([0], 3), (["RELAX"], 3)])
def test_an_account_of_another_speed_does_not_draw(
    api: ApiClient, modes: list[Any], found: int
) -> None:
    make_account(mode="FAST")

    answer = api.send(PATH, {"prompt": "fox", "accountFilter": {"modes": modes}})

    assert answer.json()["code"] == found


@pytest.mark.parametrize(
    ("prefix", "mode"),
    [("/mj", ""), ("/mj-fast/mj", "FAST"), ("/mj-relax/mj", "RELAX")]
    + [("/mj-turbo/mj", "TURBO"), ("/MJ-Turbo/mj", "TURBO")],
)
def test_the_prefix_sets_the_speed(
    api: ApiClient, account: DiscordAccount, prefix: str, mode: str
) -> None:
    api.send(f"{prefix}/submit/imagine", {"prompt": "fox"})

    assert Task.objects.get().mode == mode


@pytest.mark.parametrize("word", ["NIJI_JOURNEY", "niji"])
def test_the_niji_bot_is_chosen_by_its_word(
    api: ApiClient, account: DiscordAccount, word: str
) -> None:
    api.send(PATH, {"prompt": "fox", "botType": word})

    assert Task.objects.get().bot_type == "NIJI_JOURNEY"


def test_the_same_idempotency_key_answers_with_the_same_task(
    api: ApiClient, account: DiscordAccount
) -> None:
    headers = {"Idempotency-Key": "once"}

    first = api.send(PATH, {"prompt": "fox"}, headers=headers)
    again = api.send(PATH, {"prompt": "fox"}, headers=headers)

    assert first.json()["result"] == again.json()["result"]
    assert Task.objects.count() == 1


def test_two_users_may_choose_the_same_idempotency_key(
    api: ApiClient, bob_api: ApiClient, account: DiscordAccount
) -> None:
    headers = {"Idempotency-Key": "once"}

    for client in (api, bob_api):
        client.send(PATH, {"prompt": "fox"}, headers=headers)

    assert Task.objects.count() == 2


def test_an_absurd_idempotency_key_is_refused(
    api: ApiClient, account: DiscordAccount
) -> None:
    answer = api.send(PATH, {"prompt": "fox"}, headers={"Idempotency-Key": "k" * 256})

    assert answer.json()["code"] == 4


def test_a_submit_costs_few_queries(
    api: ApiClient, account: DiscordAccount, django_assert_max_num_queries: Any
) -> None:
    api.send(PATH, {"prompt": "fox"})

    with django_assert_max_num_queries(12):
        api.send(PATH, {"prompt": "fox"})


@pytest.mark.parametrize(
    "hook",
    [
        "http://new-api:3000/notify",
        "http://mj_proxy:8080/cb",
        "https://x/%28?a=AK%2F1&b=%2b&c[0]=1&d=",
        "https://例子.example/路径",
    ],
)
def test_a_hook_is_kept_as_it_was_given(
    api: ApiClient, account: DiscordAccount, hook: str
) -> None:
    said = api.send(PATH, {"prompt": "fox", "notifyHook": f" {hook}\n"}).json()

    assert said["code"] == 1
    assert Task.objects.get().notify_hook == hook
