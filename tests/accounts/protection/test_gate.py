"""Requests that pass, wait or are blocked, as clients see them."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.protection import rules
from tests.accounts.protection.rows import Change
from tests.conftest import ApiClient

FETCH = "/mj/task/1/fetch"
FROM: Any = {"REMOTE_ADDR": "192.0.2.7"}
ONE = {"*/mj/task/*": {"600": 1}}


def statuses(client: Client, count: int, path: str = FETCH, **meta: Any) -> list[int]:
    return [client.get(path, **(FROM | meta)).status_code for _ in range(count)]


def test_a_request_over_the_limit_waits(
    store: redis.Redis, change: Change, alice: User, api: ApiClient
) -> None:
    change(limits_on=True, limits_address=ONE)
    api.get(FETCH, **FROM)

    answer = api.get(FETCH, **FROM)

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    body = answer.json()
    assert (body["success"], body["code"]) == (False, -1)
    assert "请求过于频繁" in body["message"]
    assert "Too many requests" in body["messageEn"]


def test_nothing_is_counted_while_it_is_off(
    store: redis.Redis, change: Change, api: ApiClient
) -> None:
    change(limits_address=ONE, limits_black=["192.0.2.7"])

    assert 429 not in statuses(api, 3)
    assert store.keys() == []


@pytest.mark.parametrize(
    "forged",
    [
        {"HTTP_X_FORWARDED_FOR": "198.51.100.9"},
        {"HTTP_X_REAL_IP": "198.51.100.9"},
        {"HTTP_TRUE_CLIENT_IP": "198.51.100.9"},
        {"HTTP_X_REAL_IP": "no address"},
        {"HTTP_FORWARDED": "for=198.51.100.9"},
    ],
)
def test_a_forged_header_changes_nothing(
    store: redis.Redis, change: Change, api: ApiClient, forged: dict[str, str]
) -> None:
    change(limits_on=True, limits_address=ONE)
    api.get(FETCH, **FROM)

    assert statuses(api, 1, **forged) == [429]


def test_a_white_address_passes_everything(
    store: redis.Redis, change: Change, api: ApiClient
) -> None:
    change(
        limits_on=True,
        limits_address=ONE,
        limits_white=["192.0.2.0/24"],
        blocks_on=True,
        blocks_black=["192.0.2.7"],
    )

    assert not {403, 429} & set(statuses(api, 3))


@pytest.mark.parametrize("stage", ["limits", "blocks"])
def test_a_black_network_is_refused(
    store: redis.Redis, change: Change, api: ApiClient, stage: str
) -> None:
    change(**{f"{stage}_on": True, f"{stage}_black": ["10.0.0.0/8", "192.0.2.0/24"]})

    answer = api.get(FETCH, **FROM)

    assert answer.status_code == 403
    assert "禁止访问" in answer.json()["message"]
    assert statuses(api, 1, REMOTE_ADDR="192.0.3.7") != [403]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", FETCH),
        ("get", "/mj-fast/mj/task/1/fetch"),
        ("get", "/mj/task/list"),
        ("get", "/mj/task/1/stream"),
        ("post", "/mj/task/list-by-condition"),
        ("post", "/mj/task/1/cancel"),
        ("post", "/mj/submit/imagine"),
        ("post", "/mj/submit/upload-discord-images"),
        ("post", "/mj/admin/tasks"),
    ],
)
def test_every_call_of_a_known_caller_is_checked(
    store: redis.Redis, change: Change, api: ApiClient, verb: str, path: str
) -> None:
    change(blocks_on=True, blocks_black=["192.0.2.7"])

    answer = getattr(api, verb)(path, **FROM)

    assert answer.status_code == 403
    assert answer.json()["messageEn"] == "This address is blocked"


def test_trusted_users_and_operators_are_not_counted(
    store: redis.Redis,
    change: Change,
    alice: User,
    api: ApiClient,
    operator_api: ApiClient,
) -> None:
    change(limits_on=True, limits_address=ONE)
    alice.is_trusted = True
    alice.save()

    assert 429 not in statuses(api, 3) + statuses(operator_api, 3)


def test_unknown_callers_are_not_counted(store: redis.Redis, change: Change) -> None:
    change(limits_on=True, limits_address=ONE)

    assert statuses(ApiClient(), 3) == [401] * 3
    assert store.keys() == []


def test_an_encoded_path_is_the_same_path(
    store: redis.Redis, change: Change, api: ApiClient
) -> None:
    change(limits_on=True, limits_address=ONE)
    api.get(FETCH, **FROM)

    assert statuses(api, 1, "/mj/%74ask/1/fetch") == [429]


def test_a_blocked_address_sees_a_page_that_says_so(
    store: redis.Redis, change: Change, client: Client
) -> None:
    change(blocks_on=True, blocks_address={"/sign-in": {"60": 1}})
    client.get("/sign-in", **FROM)

    page = client.get("/sign-in", **FROM)

    assert page.status_code == 403
    assert int(page["Retry-After"]) == 86_400
    assert "This address is blocked" in page.content.decode()
    assert statuses(client, 1, "/", REMOTE_ADDR="192.0.2.8") != [403]
    assert statuses(client, 1, "/healthz") != [403]


def test_a_protected_call_costs_no_further_query(
    store: redis.Redis, change: Change, api: ApiClient
) -> None:
    change()
    api.get(FETCH, **FROM)
    with CaptureQueriesContext(connection) as before:
        api.get(FETCH, **FROM)
    change(limits_on=True, limits_address={"*/mj/*": {"600": 99}}, blocks_on=True)
    api.get(FETCH, **FROM)

    with CaptureQueriesContext(connection) as now:
        api.get(FETCH, **FROM)

    assert len(now) == len(before)


def test_an_unknown_address_is_not_counted(
    store: redis.Redis, change: Change, api: ApiClient
) -> None:
    change(limits_on=True, limits_address=ONE)

    assert 429 not in statuses(api, 3, REMOTE_ADDR="")


def test_rules_are_compiled_once_for_a_revision(
    store: redis.Redis, change: Change
) -> None:
    change(limits_on=True, limits_address=ONE)
    first = rules.protection()
    rules.revision.forget()

    with CaptureQueriesContext(connection) as asked:
        again = rules.protection()

    assert again is first
    assert len(asked) == 1
    change(limits_on=False)
    assert rules.protection().limits is None
