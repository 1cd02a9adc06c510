from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import TaskAction, TaskStatus
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.tasks.refusals import Block, check_refused

pytestmark = pytest.mark.usefixtures("media")
PATH = "/mj/submit/show"
JOB = "5c0ffee0-1234-4abc-8def-0123456789ab"


def of(account: DiscordAccount, job: str = JOB, **members: Any) -> dict[str, Any]:
    return {"jobId": job, "accountFilter": {"instanceId": account.channel_id}} | members


def test_it_writes_a_task(api: ApiClient, account: DiscordAccount) -> None:
    said = api.send(PATH, of(account, state="s")).json()

    task = Task.objects.get()
    assert said == {
        "code": 1,
        "description": "提交成功",
        "result": str(task.pk),
        "properties": {"discordInstanceId": account.channel_id},
    }
    assert (task.action, task.shown_job_id) == (TaskAction.SHOW, JOB)
    assert (task.account, task.client_state) == (account, "s")


def test_a_channel_names_the_account_too(
    api: ApiClient, account: DiscordAccount
) -> None:
    make_account(core_size=12)
    body = {"jobId": JOB, "accountFilter": {"channelId": account.channel_id}}

    api.send(PATH, body)

    assert Task.objects.get().account == account


@pytest.mark.parametrize(
    "link",
    [
        f"https://cdn.discordapp.com/attachments/1/2/alice_a_red_fox_{JOB}.png?ex=1",
        f"https://cdn.midjourney.com/{JOB}_grid_0.webp",
    ],
)
def test_the_address_of_a_picture_will_do(
    api: ApiClient, account: DiscordAccount, link: str
) -> None:
    api.send(PATH, of(account, link))

    assert Task.objects.get().shown_job_id == JOB


@pytest.mark.parametrize("client", ["api", "operator_api"])
def test_a_known_job_is_answered_with_its_task(
    request: pytest.FixtureRequest,
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    client: str,
) -> None:
    known = make_finished(alice, account=account, job_id=JOB)
    asker: ApiClient = request.getfixturevalue(client)

    with unchanged():
        said = asker.send(PATH, {"jobId": JOB}).json()

    assert (said["code"], said["result"]) == (1, str(known.pk))
    assert said["properties"] == {"discordInstanceId": account.channel_id}


@pytest.mark.parametrize("status", [TaskStatus.SUCCESS, TaskStatus.IN_PROGRESS])
def test_anothers_job_is_not_revealed(
    bob_api: ApiClient,
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    status: TaskStatus,
) -> None:
    theirs = make_task(alice, account=account, job_id=JOB, status=status)

    with unchanged():
        answer = bob_api.send(PATH, of(account))

    check_refused(answer, 4, "job id 格式错误")
    assert str(theirs.pk) not in answer.content.decode()


def test_without_an_instance_anothers_job_is_like_one_that_nobody_has(
    api: ApiClient, bob: User, unchanged: Block
) -> None:
    make_finished(bob, job_id=JOB)

    with unchanged():
        answers = [
            api.send(PATH, {"jobId": job}) for job in (JOB, JOB.replace("5", "6"))
        ]

    for answer in answers:
        check_refused(answer, 4, "show 命令必须指定实例")


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ("", "请填写 job id 或 url"),
        (" \n", "请填写 job id 或 url"),
        ("x" * 36, "job id 格式错误"),
        (JOB[:-1], "job id 格式错误"),
        ("https://cdn.midjourney.com/", "job id 格式错误"),
        (f"https://x/?job={JOB}", "job id 格式错误"),
    ],
)
def test_what_names_no_job_is_refused(
    api: ApiClient, account: DiscordAccount, unchanged: Block, job: str, text: str
) -> None:
    with unchanged():
        answer = api.send(PATH, of(account, job))

    check_refused(answer, 4, text)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"state": AccountState.PAUSED}, "暂不可用"),
        ({"enabled": False}, "已禁用"),
        ({"enable_mj": False}, "未启用 Midjourney"),
    ],
)
def test_an_instance_that_cannot_be_used_is_none(
    api: ApiClient, unchanged: Block, fields: dict[str, Any], why: str
) -> None:
    make_account()
    account = make_account(**fields)

    with unchanged():
        answer = api.send(PATH, of(account))

    check_refused(answer, 3, f"无可用的账号实例：最接近的账号{why}")


def test_the_same_key_shows_once(api: ApiClient, account: DiscordAccount) -> None:
    headers = {"Idempotency-Key": "once"}

    first, again = (
        api.send(PATH, of(account), headers=headers).json() for _ in range(2)
    )

    assert first["result"] == again["result"]
    assert Task.objects.count() == 1


def test_a_stranger_is_shown_nothing(stranger: ApiClient, unchanged: Block) -> None:
    with unchanged():
        assert stranger.send(PATH, {"jobId": JOB}).status_code == 401
