"""The operators' table of all tasks, and removing one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.models import DiscordAccount, User
from mjproxy.lib.ids import first_task_id_of
from tasks import services
from tasks.api import admin_task_views
from tasks.cleanup import removal
from tasks.enums import TaskAction, TaskStatus
from tasks.models import InputPicture, Task, WebhookDelivery
from tasks.pictures import store
from tasks.selectors import load_shown
from tasks.services import advance
from tasks.webhooks.posting import Outcome
from tasks.webhooks.states import settle_delivered
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account, make_finished, make_task
from tests.pictures import picture
from tests.tasks.api.streams import read, read_while
from tests.tasks.webhook_calls import claimed

PATH = "/mj/admin/tasks"
ONE = "/mj/admin/task/"
committed = pytest.mark.django_db(transaction=True)


def table(api: ApiClient, **search: Any) -> list[int]:
    said = api.send(PATH, {"search": search}).json()
    return [int(task["id"]) for task in said["list"]]


def remove(api: ApiClient, task_id: object) -> dict[str, Any]:
    answer: Any = api.delete(f"{ONE}{task_id}")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


@pytest.fixture
def tasks(alice: User, bob: User, account: DiscordAccount) -> list[Task]:
    """Three tasks, the newest last."""
    return [
        make_finished(alice, account=account, client_state="mine", prompt="a red fox"),
        make_task(
            bob,
            account=make_account(),
            action=TaskAction.BLEND,
            mode="RELAX",
            description="/blend two",
            prompt="",
            prompt_en="",
        ),
        make_task(
            alice,
            status=TaskStatus.FAILURE,
            fail_reason="Banned prompt",
            mode="FAST",
            prompt="狐狸",
            prompt_en="a FOX in snow",
        ),
    ]


def test_the_table_holds_everybodys_tasks_newest_first(
    operator_api: ApiClient, tasks: list[Task]
) -> None:
    said = operator_api.send(PATH).json()

    assert [int(t["id"]) for t in said["list"]] == [t.pk for t in tasks[::-1]]
    page = {"current": 1, "pageSize": 10, "total": 3, "pageCount": 1}
    assert said["pagination"] == page
    for task in said["list"]:
        assert task["displays"]["submitTime"]
        assert isinstance(task["buttons"], list)


def test_pages_follow_each_other_and_the_order_cannot_be_changed(
    operator_api: ApiClient, tasks: list[Task]
) -> None:
    def page(current: int, size: int) -> tuple[list[int], int, int]:
        asked = {"current": current, "pageSize": size}
        sort = {"predicate": "status", "reverse": True}
        said = operator_api.send(PATH, {"pagination": asked, "sort": sort}).json()
        shown = said["pagination"]
        return (
            [int(t["id"]) for t in said["list"]],
            shown["total"],
            shown["pageCount"],
        )

    ids = [task.pk for task in tasks[::-1]]
    assert page(1, 2) == (ids[:2], 3, 2)
    assert page(2, 2) == (ids[2:], 3, 2)
    assert page(3, 2) == ([], 3, 2)
    assert page(2**31 - 1, 100) == ([], 3, 1)
    assert page(0, 0)[0] == ids[:1]
    assert page(-5, 10**6)[0] == ids


def test_no_more_are_counted_than_can_be_paged_fast(
    operator_api: ApiClient, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_task_views, "MOST_COUNTED", 2)

    said = operator_api.send(PATH).json()

    assert said["pagination"]["total"] == len(said["list"]) == 2


def test_each_member_of_the_search_finds_its_tasks(
    operator_api: ApiClient, tasks: list[Task], alice: User, account: DiscordAccount
) -> None:
    first, second, third = (task.pk for task in tasks)

    def found(**search: Any) -> list[int]:
        return table(operator_api, **search)

    assert found(id=str(first)) == found(id=" mine ") == [first]
    assert found(id="min") == found(id="9" * 30) == []
    assert found(instanceId=account.channel_id) == [first]
    assert found(instanceId="1") == []
    assert found(status="NOT_START") == found(status="not_start") == [second]
    assert found(action="BLEND") == [second]
    assert found(failReason="banned") == [third]
    assert found(description="fox") == [third, first]
    assert found(description="狐") == [third]
    assert found(description="blend") == [second]
    assert found(mode="RELAX") == [second]
    assert found(mode="FAST") == [third, first]  # null is drawn fast
    assert found(userId="alice") == found(userId=str(alice.pk)) == [third, first]
    assert found(userId="alice", description="fox", status="FAILURE") == [third]


def test_days_are_searched_from_first_to_last(
    operator_api: ApiClient, alice: User
) -> None:
    now = timezone.localtime()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    ids = [
        make_task(alice, id=first_task_id_of(noon - timedelta(days=days))).pk
        for days in range(3)
    ]
    today, yesterday = (f"{noon - timedelta(days=n):%Y-%m-%d}" for n in (0, 1))

    def found(**search: Any) -> list[int]:
        return table(operator_api, **search)

    assert found(submitTimeStart=yesterday) == ids[:2]
    assert found(submitTimeStart=yesterday, submitTimeEnd=yesterday) == ids[1:2]
    assert found(submitTimeEnd=yesterday) == ids[1:]
    assert found(submitTimeStart=today, submitTimeEnd="9999-12-31") == ids[:1]
    assert found(submitTimeStart="", submitTimeEnd=None) == ids


def test_what_the_page_sends_beside_the_search_is_left_alone(
    operator_api: ApiClient, tasks: list[Task]
) -> None:
    more = {"current": 1, "pageSize": 10, "pageNumber": 0, "statusSet": []}
    more |= {"state": "midjourney-proxy-admin", "sort": "submitTime,desc"}

    assert len(table(operator_api, **more, status="", action=None)) == 3


def test_text_is_looked_for_in_the_newest_alone(
    operator_api: ApiClient, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.search.NEWEST_FOR_TEXT", 2)

    assert table(operator_api, description="fox") == [tasks[2].pk]
    assert table(operator_api, id="mine") == []
    assert table(operator_api, id=str(tasks[0].pk)) == [tasks[0].pk]


@pytest.mark.parametrize(
    "search",
    [
        {"status": "GONE"},
        {"status": 1.5},
        {"status": ["SUCCESS"]},
        {"action": {}},
        {"id": {}},
        {"id": "\x00"},
        {"id": 17},
        {"description": ["fox"]},
        {"mode": "SLOW"},
        {"userId": "nobody"},
        {"submitTimeStart": "yesterday"},
        {"submitTimeEnd": "2026-13-01"},
        {"submitTimeEnd": 10**12},
    ],
    ids=repr,
)
def test_a_wrong_search_is_refused(
    operator_api: ApiClient, tasks: list[Task], search: dict[str, Any]
) -> None:
    answer = operator_api.send(PATH, {"search": search})

    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert answer.json()["code"] == -1


def test_a_task_that_is_over_is_removed_with_its_picture(
    operator_api: ApiClient, tasks: list[Task]
) -> None:
    task = tasks[0]
    store.store(task, "image/png", picture())
    task.refresh_from_db()
    file = Path(settings.MEDIA_ROOT) / task.picture_file
    child = make_task(task.owner, parent=task)
    assert file.exists()

    said = remove(operator_api, task.pk)

    assert (said["success"], said["code"], said["data"]) == (True, 0, None)
    assert not Task.objects.filter(pk=task.pk).exists()
    assert not file.exists()
    child.refresh_from_db()
    assert child.parent is None


@pytest.mark.parametrize("status", ["NOT_START", "MODAL", "SUBMITTED", "IN_PROGRESS"])
def test_a_task_that_is_not_over_fails_first(
    operator_api: ApiClient,
    alice: User,
    account: DiscordAccount,
    status: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = make_task(alice, account=account, status=status)
    InputPicture.objects.create(task=task, role="prompt")
    ended: list[str] = []

    def loaded(pk: int) -> Task:
        ended.append(f"{(row := load_shown(pk)).status} {row.fail_reason}")
        return row

    monkeypatch.setattr(services, "load_shown", loaded)

    remove(operator_api, task.pk)

    assert ended == ["FAILURE 删除任务"]
    assert not Task.objects.exists()
    assert not InputPicture.objects.exists()
    assert not advance(task.pk, TaskStatus.SUCCESS)  # what comes late changes nothing


async def remove_waiting(task: Task) -> Any:
    """Return the answer to the removal of a task, not read yet."""
    headers = {"mj-api-secret": OPERATORS_KEY}
    return await AsyncClient().delete(f"{ONE}{task.pk}", headers=headers)


@committed
async def test_the_hook_is_told_before_the_row_is_gone(
    operator: User, alice: User, account: DiscordAccount
) -> None:
    task = await make_waiting(alice, account)

    response = await remove_waiting(task)
    call = await sync_to_async(claimed)(task)
    assert removal.REMOVED in call.body.decode()
    told = [(call, Outcome(200))]
    said = await read_while(response, lambda: settle_delivered(told))

    assert said["success"] is True
    assert not await Task.objects.aexists()


@committed
async def test_a_hook_that_does_not_answer_keeps_nothing(
    operator: User,
    alice: User,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admin_task_views, "HOOK_SECONDS", 0.05)
    task = await make_waiting(alice, account)

    said = await read(await remove_waiting(task))

    assert said["success"] is True
    assert not await Task.objects.aexists()
    assert not await WebhookDelivery.objects.aexists()


@sync_to_async
def make_waiting(owner: User, account: DiscordAccount) -> Task:
    return make_task(owner, account=account, notify_hook="http://127.0.0.1:1/hook")


@pytest.mark.parametrize("name", ["1", "9" * 30, "x", "-1", "１２", "%00"])
def test_an_unknown_id_is_no_error(
    operator_api: ApiClient, tasks: list[Task], name: str
) -> None:
    assert remove(operator_api, name)["success"] is True
    assert Task.objects.count() == 3


def test_users_reach_neither(api: ApiClient, tasks: list[Task]) -> None:
    mine = tasks[0].pk

    assert api.send(PATH).status_code == 401
    assert api.delete(f"{ONE}{mine}").status_code == 401
    assert Task.objects.count() == 3


def test_a_page_of_a_signed_in_operator_needs_its_token(
    operator: User, tasks: list[Task]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)

    forged: Any = client.delete(f"{ONE}{tasks[0].pk}")

    assert (forged.status_code, forged["Content-Type"]) == (403, "application/json")
    assert Task.objects.count() == 3
