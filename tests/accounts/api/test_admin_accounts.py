from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account, make_task

LIST = "/mj/admin/accounts"
RECONNECT = "/mj/admin/account-reconnect"


def test_the_list_shows_enabled_accounts_with_their_load(
    operator_api: ApiClient, operator: User
) -> None:
    account = make_account(user_token="very-secret")
    make_account(enabled=False)
    make_task(operator, account=account, status=TaskStatus.IN_PROGRESS)
    make_task(operator, account=account)

    answer = operator_api.get(LIST)

    (shown,) = answer.json()
    assert (shown["runningCount"], shown["queueCount"]) == (1, 1)
    assert (shown["running"], type(shown["displays"])) == (True, dict)
    assert "very-secret" not in answer.content.decode()


def test_a_table_is_paged_sorted_and_searched(operator_api: ApiClient) -> None:
    for name in ("a fox", "a cat", "b fox"):
        make_account(remark=name)

    said = operator_api.send(
        LIST,
        {
            "pagination": {"current": 2, "pageSize": 1},
            "sort": {"predicate": "Remark", "reverse": True},
            "search": {"remark": "FOX", "unknown": 1},
        },
    ).json()

    assert [row["remark"] for row in said["list"]] == ["a fox"]
    page = {"current": 2, "pageSize": 1, "total": 2, "pageCount": 2}
    assert said["pagination"] == page


def test_a_page_has_at_most_a_hundred_rows_and_eight_queries(
    operator_api: ApiClient,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    memory: None,
) -> None:
    for _ in range(101):
        make_account()
    operator_api.send(LIST, {})  # settings are kept in memory

    # The caller, the count, the page, its four relations, the load.
    with django_assert_max_num_queries(8):
        said = operator_api.send(LIST, {"pagination": {"pageSize": 5000}}).json()

    assert (len(said["list"]), said["pagination"]["pageCount"]) == (100, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"search": {"enable": ""}},
        {"search": []},
        {"pagination": {"current": "x"}},
        {"pagination": {"current": 10**30}},
        {"sort": 7},
    ],
)
def test_a_broken_table_request_is_refused(operator_api: ApiClient, body: Any) -> None:
    answer = operator_api.send(LIST, body)

    assert (answer.status_code, answer.json()["success"]) == (200, False)


def test_what_the_page_got_it_may_send_back(operator_api: ApiClient) -> None:
    account = make_account(user_token="kept")
    got = operator_api.get(f"/mj/admin/account/{account.pk}").json()
    body = got | {"userToken": "****", "botToken": "", "remark": "new"}

    said = operator_api.put(f"{RECONNECT}/{account.pk}", body, "application/json")

    account.refresh_from_db()
    assert said.json()["success"] is True
    assert (account.user_token, account.remark) == ("kept", "new")
    assert account.revision == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "参数错误"),
        ({"id": "0"}, "参数错误"),
        (
            {"id": "", "channelId": "1118138338562569999"},
            "禁止修改频道 ID 和服务器 ID",
        ),
    ],
)
def test_a_reconnect_keeps_its_place(
    operator_api: ApiClient, account: DiscordAccount, body: Any, message: str
) -> None:
    if "channelId" in body:
        body = body | {"id": str(account.pk)}

    said = operator_api.put(f"{RECONNECT}/{account.pk}", body, "application/json")

    assert said.json()["message"] == message


def test_many_are_disabled_at_once(operator_api: ApiClient) -> None:
    ids = [str(make_account().pk) for _ in range(2)]

    said = operator_api.send(f"{LIST}-enable", {"ids": ids, "enable": False}).json()

    assert said["success"] is True
    assert not DiscordAccount.objects.filter(enabled=True).exists()


def test_an_operators_key_signs_in(operator: User, stranger: ApiClient) -> None:
    said = stranger.send("/mj/admin/login", f'"{OPERATORS_KEY}"').json()

    assert said == {"code": 1, "apiSecret": OPERATORS_KEY}
    assert stranger.send("/mj/admin/logout").content == b""


@pytest.mark.parametrize(
    ("body", "message"),
    [('""', "禁止登录"), ("{}", "禁止登录"), ('"wrong-key"', "用户 Token 错误")],
)
def test_other_keys_do_not(stranger: ApiClient, body: str, message: str) -> None:
    assert stranger.send("/mj/admin/login", body).json()["message"] == message


def test_current_answers_the_page(operator_api: ApiClient) -> None:
    current = operator_api.get("/mj/admin/current").json()

    assert (current["access"], current["apiSecret"]) == ("admin", None)


@pytest.mark.parametrize("path", [LIST, "/mj/admin/domain-tags"])
def test_a_user_may_not(api: ApiClient, path: str) -> None:
    assert api.get(path).status_code == 401
