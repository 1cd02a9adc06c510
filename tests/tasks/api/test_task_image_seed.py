from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import DiscordAccount, User
from tasks.api import errand_views
from tasks.enums import ErrandKind, TaskStatus
from tasks.errands import give_up, note_seed
from tasks.models import Errand, Task
from tests.conftest import BOBS_KEY, ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.tasks.api.streams import ask, gateway, read, read_while
from tests.tasks.refusals import Block, check_refused

SEED = "1259687673"
KNOWN = {"code": 1, "description": "成功", "result": SEED, "properties": {}}
committed = pytest.mark.django_db(transaction=True)


def path(task_id: Any, prefix: str = "/mj") -> str:
    return f"{prefix}/task/{task_id}/image-seed"


@pytest.fixture
def task(alice: User, account: DiscordAccount) -> Task:
    return make_finished(alice, account=account)


def found(errand: Errand) -> None:
    """Note the seed as the gateway does when it hears of it."""
    assert errand.task is not None
    note_seed(errand.task, SEED)


# --- asked for ------------------------------------------------------------------------


@committed
@pytest.mark.parametrize("prefix", ["/mj", "/mj-turbo/mj"])
async def test_it_is_asked_for_once_and_known_from_then_on(
    task: Task, prefix: str
) -> None:
    with gateway(found) as run:
        said = await read(await ask(path(task.pk, prefix)))
        again = await read(await ask(path(task.pk, prefix)))

    assert said == again == KNOWN
    assert [(errand.kind, errand.task_id) for errand in run] == [
        (ErrandKind.SEED, task.pk)
    ]
    await task.arefresh_from_db()
    assert task.seed == SEED


@committed
async def test_the_answer_waits_until_midjourney_says_it(task: Task) -> None:
    response = await ask(path(task.pk))

    said = await read_while(response, note_seed, task, SEED)

    assert said == KNOWN


@committed
async def test_all_who_ask_at_once_are_answered_by_one_reply(task: Task) -> None:
    responses = [await ask(path(task.pk)) for _ in range(2)]

    await sync_to_async(note_seed)(task, SEED)

    assert [await read(response) for response in responses] == [KNOWN, KNOWN]


@committed
async def test_what_midjourney_refuses_is_told_in_both_languages(task: Task) -> None:
    with gateway(lambda errand: give_up(errand.pk, "没有该命令", "no such command")):
        said = await read(await ask(path(task.pk)))

    assert said == {
        "code": 4,
        "description": "没有该命令",
        "result": None,
        "properties": {"descriptionEn": "no such command"},
    }


@committed
async def test_a_seed_that_does_not_come_in_time_is_code_3(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand_views, "SEED_SECONDS", 0)

    said = await read(await ask(path(task.pk)))

    assert (said["code"], said["description"]) == (3, "超时，未找到 seed")
    assert said["result"] is None
    assert said["properties"]["descriptionEn"]


@committed
async def test_an_operator_may_ask_for_anothers(
    operator_api: ApiClient, task: Task
) -> None:
    with gateway(found):
        response = await ask(path(task.pk), key="the-key-of-an-operator")

    assert await read(response) == KNOWN


@committed
async def test_anothers_seed_is_unknown_also_where_it_is_known(
    bob: User, task: Task
) -> None:
    await sync_to_async(note_seed)(task, SEED)

    response = await ask(path(task.pk), key=BOBS_KEY)

    check_refused(response, 3, "关联任务不存在或已失效", status=404)


# --- refused at once ------------------------------------------------------------------


def test_a_seed_that_is_known_needs_no_account(
    api: ApiClient, alice: User, unchanged: Block
) -> None:
    task = make_finished(alice, seed=SEED)

    with unchanged():
        answer = api.get(path(task.pk))

    assert (answer.status_code, answer.json()) == (200, KNOWN)


@pytest.mark.parametrize("task_id", ["77", "abc", "-5", "9" * 30, "١٢"])
def test_an_unknown_task_is_404_with_code_3(
    api: ApiClient, unchanged: Block, task_id: str
) -> None:
    with unchanged():
        answer = api.get(path(task_id))

    check_refused(answer, 3, "关联任务不存在或已失效", status=404)


@pytest.mark.parametrize(
    "fields",
    [
        *({"status": s} for s in TaskStatus if s is not TaskStatus.SUCCESS),
        {"status": TaskStatus.IN_PROGRESS, "job_id": "J"},
        {"status": TaskStatus.SUCCESS, "job_id": None},
    ],
    ids=str,
)
def test_a_task_without_a_finished_job_is_400(
    api: ApiClient,
    alice: User,
    account: DiscordAccount,
    unchanged: Block,
    fields: dict[str, Any],
) -> None:
    task = make_task(alice, account=account, **fields)

    with unchanged():
        answer = api.get(path(task.pk))

    check_refused(answer, 4, "关联任务状态错误", status=400)


@pytest.mark.parametrize("is_gone", [True, False])
def test_without_its_account_there_is_none(
    api: ApiClient, alice: User, unchanged: Block, is_gone: bool
) -> None:
    make_account()
    account = None if is_gone else make_account(enabled=False)
    task = make_finished(alice, account=account)

    with unchanged():
        answer = api.get(path(task.pk))

    why = "" if is_gone else "：该任务的账号已禁用"
    check_refused(answer, 3, f"无可用的账号实例{why}")


def test_a_stranger_learns_nothing(stranger: ApiClient, task: Task) -> None:
    assert stranger.get(path(task.pk)).status_code == 401


def test_a_post_asks_for_nothing(api: ApiClient, task: Task) -> None:
    assert api.send(path(task.pk)).status_code == 405
