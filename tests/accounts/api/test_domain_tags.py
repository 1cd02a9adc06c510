from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DomainTag
from tests.conftest import ApiClient

TABLE, SAVE = "/mj/admin/domain-tags", "/mj/admin/domain-tag"
pytestmark = pytest.mark.django_db


def make_tag(name: str = "animals", **fields: Any) -> DomainTag:
    return DomainTag.objects.create(name=name, **fields)


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer.json()["list"]]


# --- who may --------------------------------------------------------------------------


def ask(client: ApiClient) -> list[Any]:
    return [
        client.get(TABLE),
        client.send(TABLE),
        client.send(SAVE, {"name": "cars"}),
        client.delete(f"{SAVE}/{DomainTag.objects.get().pk}"),
    ]


def test_others_than_operators_are_refused(api: ApiClient, stranger: ApiClient) -> None:
    make_tag()

    answers = [*ask(api), *ask(stranger)]

    assert {answer.status_code for answer in answers} == {401}
    assert [answer.json()["success"] for answer in answers] == [False] * 8
    assert [tag.name for tag in DomainTag.objects.all()] == ["animals"]


# --- lists ----------------------------------------------------------------------------


def test_they_are_listed_to_choose_from(operator_api: ApiClient) -> None:
    tag = make_tag(keywords=["fox", "cats"], description="all of them")
    make_tag("cars", enabled=False, sort=1)

    said = operator_api.get(TABLE).json()

    assert said["success"] is True
    assert said["data"][0] == {
        "label": "animals",
        "value": str(tag.pk),
        "disabled": False,
        "default": False,
        "description": "all of them",
        "image": None,
        "count": 2,
    }
    assert [choice["disabled"] for choice in said["data"]] == [False, True]


def test_a_table_shows_all_of_each(operator_api: ApiClient) -> None:
    tag = make_tag(keywords=["fox"], sort=3, weight=2)

    (row,) = operator_api.send(TABLE).json()["list"]

    assert row == {
        "id": str(tag.pk),
        "properties": {},
        "name": "animals",
        "keywords": ["fox"],
        "enable": True,
        "weight": 2,
        "sort": 3,
        "description": "",
        "createTime": row["createTime"],
        "updateTime": row["updateTime"],
        "createTimeFormat": row["createTime"][:16].replace("T", " "),
        "updateTimeFormat": row["updateTime"][:16].replace("T", " "),
    }


def test_a_table_has_pages_in_order(operator_api: ApiClient) -> None:
    for number in range(5):
        make_tag(f"tag {number}", sort=-number)

    answer = operator_api.send(TABLE, {"pagination": {"current": 2, "pageSize": 2}})

    assert names(answer) == ["tag 2", "tag 1"]
    assert answer.json()["pagination"] == {
        "current": 2,
        "pageSize": 2,
        "total": 5,
        "pageCount": 3,
    }


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({}, ["animals", "cars"]),
        ({"keywords": []}, ["animals", "cars"]),
        ({"keywords": [" "]}, ["animals", "cars"]),
        ({"keywords": [" FOX "]}, ["animals"]),
        ({"keywords": ["狐狸", "car"]}, ["animals"]),  # the first one counts
        ({"keywords": ["fo"]}, []),
        ({"id": "abc"}, []),
        ({"id": "9" * 40}, []),
        ({"unknown": 1}, ["animals", "cars"]),
    ],
)
def test_a_table_is_searched(
    operator_api: ApiClient, search: dict[str, Any], found: list[str]
) -> None:
    make_tag(keywords=["fox", "狐狸"])
    make_tag("cars", keywords=["car"])

    assert names(operator_api.send(TABLE, {"search": search})) == found


def test_a_table_is_searched_by_id(operator_api: ApiClient) -> None:
    make_tag()
    tag = make_tag("cars")

    assert names(operator_api.send(TABLE, {"search": {"id": str(tag.pk)}})) == ["cars"]


# --- writing --------------------------------------------------------------------------


def test_a_subject_is_made(operator_api: ApiClient) -> None:
    body = {
        "id": "",
        "name": "animals",
        "keywords": [" Fox", "fox", "", "CATS"],
        "enable": False,
        "weight": 2,
        "sort": -1,
        "description": "all",
        "createTime": "ignored",
    }

    said = operator_api.send(SAVE, body).json()

    tag = DomainTag.objects.get()
    assert (said["success"], said["data"]["id"]) == (True, str(tag.pk))
    assert (tag.name, tag.keywords, tag.enabled) == ("animals", ["fox", "cats"], False)
    assert (tag.weight, tag.sort, tag.description) == (2, -1, "all")


def test_only_what_is_sent_changes(operator_api: ApiClient) -> None:
    tag = make_tag(keywords=["fox"], sort=3)
    created = tag.created_at

    operator_api.send(SAVE, {"id": str(tag.pk), "enable": False})

    tag.refresh_from_db()
    assert (tag.name, tag.keywords, tag.sort) == ("animals", ["fox"], 3)
    assert (tag.enabled, tag.created_at) == (False, created)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"id": "77", "name": "x"}, "领域标签不存在"),
        ({"id": "simple", "name": "x"}, "领域标签不存在"),
        ({"id": "9" * 40}, "领域标签不存在"),
        ({"keywords": ["fox"]}, "名称不能为空"),
        ({"name": " "}, "名称不能为空"),
    ],
)
def test_what_cannot_be_saved_is_said(
    operator_api: ApiClient, body: dict[str, Any], message: str
) -> None:
    answer = operator_api.send(SAVE, body)

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    assert message in said["message"]
    assert not DomainTag.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"name": 5},
        {"name": "x" * 101},
        {"name": "x\0y"},
        {"name": "x", "keywords": "fox"},
        {"name": "x", "keywords": [["fox"]]},
        {"name": "x", "keywords": ["f\0x"]},
        {"name": "x", "keywords": ["f" * 101]},
        {"name": "x", "keywords": ["fox"] * 1001},
        {"name": "x", "weight": 2**31},
        {"name": "x", "enable": "perhaps"},
        [],
        "text",
    ],
    ids=lambda body: str(body)[:40],
)
def test_what_is_no_subject_is_refused(operator_api: ApiClient, body: Any) -> None:
    answer = operator_api.send(SAVE, body)

    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert not DomainTag.objects.exists()


def test_a_subject_is_removed_once(operator_api: ApiClient) -> None:
    tag = make_tag()

    said = [operator_api.delete(f"{SAVE}/{tag.pk}").json() for _ in range(2)]

    assert [answer["success"] for answer in said] == [True, False]
    assert "领域标签不存在" in said[1]["message"]


@pytest.mark.parametrize("tag_id", ["0", "-1", "simple", "9" * 40, "１", "a b"])
def test_an_unknown_subject_is_not_removed(
    operator_api: ApiClient, tag_id: str
) -> None:
    make_tag()

    assert operator_api.delete(f"{SAVE}/{tag_id}").json()["success"] is False
    assert DomainTag.objects.count() == 1
