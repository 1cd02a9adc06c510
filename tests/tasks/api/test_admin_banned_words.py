from __future__ import annotations

from typing import Any

import pytest

from tasks.models import BannedWordGroup
from tasks.prompts.banned.default_group import ensure_default_group
from tests.conftest import ApiClient
from tests.factories import ban

TABLE, SAVE = "/mj/admin/banned-words", "/mj/admin/banned-word"
pytestmark = pytest.mark.django_db


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer.json()["list"]]


def test_others_than_operators_are_refused(api: ApiClient, stranger: ApiClient) -> None:
    group = ban("gore")

    answers = [
        answer
        for client in (api, stranger)
        for answer in (
            client.send(TABLE),
            client.send(SAVE, {"name": "x"}),
            client.delete(f"{SAVE}/{group.pk}"),
        )
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert [g.name for g in BannedWordGroup.objects.all()] == ["banned"]


def test_a_table_shows_all_of_each(operator_api: ApiClient) -> None:
    group = ban("gore")

    (row,) = operator_api.send(TABLE).json()["list"]

    assert row == {
        "id": group.pk,
        "properties": {},
        "name": "banned",
        "keywords": ["gore"],
        "allowed": [],
        "enable": True,
        "weight": 0,
        "sort": 0,
        "description": "",
        "createTime": row["createTime"],
        "updateTime": row["updateTime"],
        "createTimeFormat": row["createTime"][:16].replace("T", " "),
        "updateTimeFormat": row["updateTime"][:16].replace("T", " "),
    }


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({}, ["first", "second"]),
        ({"keywords": [" GORE "]}, ["second"]),
        ({"keywords": ["go"]}, []),
        ({"id": "default"}, []),
        ({"id": "'; --"}, []),
    ],
)
def test_a_table_is_searched_and_sorted(
    operator_api: ApiClient, search: dict[str, Any], found: list[str]
) -> None:
    BannedWordGroup.objects.create(name="second", keywords=["gore"], sort=2)
    BannedWordGroup.objects.create(name="first", keywords=["nude"], sort=1)

    assert names(operator_api.send(TABLE, {"search": search})) == found


def test_a_group_is_made_and_changed(operator_api: ApiClient) -> None:
    body = {
        "name": "law",
        "keywords": [" Gore ", "gore", "c++"],
        "allowed": ["Al Gore"],
    }
    said = operator_api.send(SAVE, body).json()
    group = BannedWordGroup.objects.get()
    made = group.created_at

    assert (said["success"], said["id"]) == (True, group.pk)
    assert (group.keywords, group.allowed) == (["gore", "c++"], ["al gore"])

    operator_api.send(SAVE, {"id": group.pk, "enable": False, "sort": 3})
    group.refresh_from_db()
    assert (
        group.name,
        group.keywords,
        group.enabled,
        group.sort,
        group.created_at,
    ) == (
        *("law", ["gore", "c++"], False, 3),
        made,
    )


@pytest.mark.parametrize("group_id", ["missing", "1", "%00", "%ED%A0%80", "x" * 300])
def test_an_unknown_group_is_refused(operator_api: ApiClient, group_id: str) -> None:
    ban("gore")

    said = operator_api.delete(f"{SAVE}/{group_id}").json()

    assert (said["success"], BannedWordGroup.objects.count()) == (False, 1)
    assert said["message"].startswith("违规词不存在")


def test_an_unknown_id_is_not_created(operator_api: ApiClient) -> None:
    said = operator_api.send(SAVE, {"id": "missing", "name": "law"}).json()

    assert not said["success"]
    assert not BannedWordGroup.objects.exists()


def test_the_default_group_stays(operator_api: ApiClient) -> None:
    ensure_default_group()

    said = operator_api.delete(f"{SAVE}/default").json()

    assert said["message"].startswith("不能删除默认违规词")
    assert BannedWordGroup.objects.filter(pk="default").exists()


def test_a_group_is_deleted(operator_api: ApiClient) -> None:
    group = ban("gore")

    assert operator_api.delete(f"{SAVE}/{group.pk}").json()["success"]
    assert not BannedWordGroup.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x", "keywords": "gore"},
        {"name": "x", "keywords": ["x" * 101]},
        {"name": "x", "keywords": ["a\0b"]},
        {"name": "x", "keywords": [["gore"]]},
        {"name": "x", "sort": 10**9},
    ],
)
def test_what_cannot_be_kept_is_refused(operator_api: ApiClient, body: Any) -> None:
    assert not operator_api.send(SAVE, body).json()["success"]
    assert not BannedWordGroup.objects.exists()


def test_a_hundred_thousand_terms_come_in_one_request(operator_api: ApiClient) -> None:
    words = [f"w{n}" for n in range(100_000)]

    assert operator_api.send(SAVE, {"name": "x", "keywords": words}).json()["success"]

    assert len(BannedWordGroup.objects.get().keywords) == 100_000
