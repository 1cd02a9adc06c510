"""A demo: visitors see masked answers, ten rows at a time, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from accounts.models import AccessSettings, User
from accounts.people.callers import _mark
from mjproxy.web.visitors import Masked, masked
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_task

REFUSED = "演示模式，禁止操作"


@pytest.fixture(autouse=True)
def _demo(db: None) -> None:
    access = AccessSettings.get_solo()
    access.demo_mode = True
    access.save()


def test_everybodys_drawings_are_shown_without_what_is_private(
    stranger: ApiClient, alice: User
) -> None:
    task = make_finished(
        alice,
        client_ip="203.0.113.7",
        client_state="order 17",
        notify_hook="https://hook.example/secret",
    )

    for shown in (
        stranger.get(f"/mj/task/{task.pk}/fetch").json(),
        stranger.get("/mj/task/list").json()[0],
        stranger.send("/mj/task/list-by-ids", {"ids": [str(task.pk)]}).json()[0],
        stranger.send("/mj/admin/tasks").json()["list"][0],
    ):
        assert shown["prompt"] == "a red fox"
        assert shown["imageUrl"]
        assert (shown["clientIp"], shown["state"]) == ("****", "****")
        assert shown["properties"]["notifyHook"] == "****"


def test_accounts_are_shown_without_what_is_private(stranger: ApiClient) -> None:
    account = make_account(permanent_invitation_link="https://discord.gg/abc")

    for shown in (
        stranger.get(f"/mj/admin/account/{account.pk}").json(),
        stranger.send("/mj/admin/accounts").json()["list"][0],
        stranger.get("/mj/account/list").json()[0],
    ):
        assert shown["channelId"] == account.channel_id
        assert shown["state"] == "ready"
        assert (shown["userToken"], shown["permanentInvitationLink"]) == ("****",) * 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/mj/submit/imagine"),
        ("post", "/mj/admin/account"),
        ("put", "/mj/admin/accounts"),
        ("delete", "/mj/admin/task/1"),
        ("post", "/mj/admin/user"),
        ("delete", "/mj/admin/user/1"),
        ("post", "/mj/admin/setting"),
    ],
)
def test_every_write_is_refused_in_the_words_of_the_dialect(
    stranger: ApiClient, method: str, path: str
) -> None:
    answer = getattr(stranger, method)(path, "{}", "application/json")

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    assert said["message"] == REFUSED


def test_a_cancel_is_refused_with_status_400(stranger: ApiClient, alice: User) -> None:
    task = make_task(alice)

    answer = stranger.send(f"/mj/task/{task.pk}/cancel")

    assert (answer.status_code, answer.json()["message"]) == (400, REFUSED)
    assert Task.objects.get().is_open


def test_tables_have_ten_pages_of_ten_rows(stranger: ApiClient, alice: User) -> None:
    Task.objects.bulk_create(Task(pk=10**15 + n, owner=alice) for n in range(120))

    def page(current: int) -> Any:
        asked = {"pagination": {"current": current, "pageSize": 100}}
        return stranger.send("/mj/admin/tasks", asked).json()

    assert (len(page(1)["list"]), page(1)["pagination"]["pageSize"]) == (10, 10)
    assert len(page(10)["list"]) == 10
    assert page(11)["message"] == "演示模式，禁止查看更多数据"
    assert page(10**9)["success"] is False
    assert len(stranger.get("/mj/task/list").json()) == 10


@pytest.mark.parametrize(
    ("table", "search"),
    [
        ("users", {"email": "alice@"}),
        ("users", {"email": "@"}),
        ("tasks", {"userId": "alice@example.com"}),
        ("tasks", {"id": "order 17"}),
    ],
)
def test_no_search_tells_what_is_masked(
    stranger: ApiClient, alice: User, table: str, search: dict[str, str]
) -> None:
    alice.email = "alice@example.com"
    alice.save()
    make_finished(alice, client_state="order 17")

    answer = stranger.send(f"/mj/admin/{table}", {"search": search}).json()

    assert not answer.get("list")


@pytest.mark.parametrize(
    ("table", "member"), [("users", "name"), ("tasks", "userId"), ("tasks", "id")]
)
def test_a_search_finds_what_is_shown(
    stranger: ApiClient, alice: User, table: str, member: str
) -> None:
    task = make_finished(alice)
    search = {member: str(task.pk) if member == "id" else "alice"}

    answer = stranger.send(f"/mj/admin/{table}", {"search": search}).json()

    assert len(answer["list"]) == 1


def test_users_and_operators_work_as_ever(
    api: ApiClient, operator_api: ApiClient, alice: User, account: Any
) -> None:
    make_finished(alice, client_state="order 17")

    assert api.get("/mj/task/list").json()[0]["state"] == "order 17"
    assert api.send("/mj/submit/imagine", {"prompt": "a fox"}).json()["result"]
    assert len(operator_api.send("/mj/admin/tasks").json()["list"]) == 2


def test_a_wrong_key_makes_a_visitor(stranger: ApiClient, alice: User) -> None:
    make_finished(alice)

    shown = ApiClient("a-wrong-key-of-nobody").get("/mj/task/list").json()

    assert shown[0]["prompt"] == "a red fox"


def test_a_compressed_list_is_masked_too(stranger: ApiClient, alice: User) -> None:
    for _ in range(9):
        make_finished(alice, client_state="order 17")

    answer = stranger.get("/mj/task/list", headers={"Accept-Encoding": "gzip"})

    assert {task["state"] for task in answer.json()} == {"****"}


def test_the_pages_of_clients_know_it(stranger: ApiClient) -> None:
    home = stranger.get("/mj/home").json()["data"]
    login = stranger.send("/mj/admin/login", '""').json()
    current = stranger.get("/mj/admin/current").json()

    assert (home["isDemoMode"], home["isGuest"]) == (True, False)
    assert login == {"code": 1, "apiSecret": ""}
    assert (current["id"], current["apiSecret"], current["access"]) == (
        "Guest",
        None,
        "",
    )


def test_what_cannot_be_masked_is_refused() -> None:
    request = HttpRequest()
    request.path = "/mj/admin/probe"
    _mark(request)

    text = HttpResponse("a log with secrets", content_type="text/plain")
    shown = Masked(lambda _: text)(request)
    empty = Masked(lambda _: HttpResponse(status=204))(request)

    assert isinstance(shown, HttpResponse)
    assert b"secrets" not in shown.content
    assert REFUSED in shown.content.decode()
    assert empty.status_code == 204


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"userToken": "a", "n": 1}, {"userToken": "****", "n": 1}),
        ({"token": ""}, {"token": ""}),
        ({"secretKey": "", "endpoint": "b"}, {"secretKey": "", "endpoint": "****"}),
        ({"videoUrls": [{"url": "b"}]}, {"videoUrls": [{"url": "b"}]}),
        (
            {"smtp": {"Password": "a", "host": "b", "port": 25}},
            {"smtp": {"Password": "****", "host": "****", "port": 25}},
        ),
        (
            {"accessKeySecret": ["a"], "hooks": {"a": 1}},
            {"accessKeySecret": [], "hooks": {}},
        ),
        (
            {"lastLoginIp": "1.2.3.4", "tip": "b", "ip": "a"},
            {"lastLoginIp": "****", "tip": "b", "ip": "****"},
        ),
        ({"email": None, "keywords": ["a"]}, {"email": None, "keywords": ["a"]}),
        ({"state": "ready"}, {"state": "ready"}),
        ({"to": "a", "blacklist": ["b"]}, {"to": "****", "blacklist": []}),
        ({"maxTokens": 7, "endpoint": "a"}, {"maxTokens": 7, "endpoint": "****"}),
        ({"url": "a", "faceSwapVersion": "b"}, {"url": "****", "faceSwapVersion": "b"}),
        ({"url": "a", "reason": "b"}, {"url": "a", "reason": "b"}),
        ({"state": "order", "submitTime": 1}, {"state": "****", "submitTime": 1}),
        ([{"phone": 5}], [{"phone": 0}]),
        ("token", "token"),
    ],
)
def test_secret_members_are_masked_by_name(value: Any, shown: Any) -> None:
    assert masked(value) == shown
