from __future__ import annotations

from typing import Any

import pytest

from accounts.enums import PriorityClass
from accounts.models import AccessSettings, User
from tests.conftest import ApiClient

PATH = "/mj/admin/user"


def test_the_key_is_answered_once_and_works(
    operator_api: ApiClient, stranger: ApiClient
) -> None:
    said = operator_api.send(PATH, {"name": "carol"}).json()

    made = said["data"]
    assert said["success"] is True
    assert (made["name"], made["webhookSecret"][:6]) == ("carol", "whsec_")
    looked = stranger.get("/mj/task/list", headers={"mj-api-secret": made["token"]})
    assert looked.status_code == 200


def test_the_key_may_be_chosen(operator_api: ApiClient) -> None:
    said = operator_api.send(
        PATH, {"name": "carol", "token": "the-own-key-of-carol"}
    ).json()

    assert said["data"]["token"] == "the-own-key-of-carol"


@pytest.mark.parametrize(
    ("members", "is_staff", "is_active"),
    [
        ({}, False, True),
        ({"role": "ADMIN", "status": "NORMAL"}, True, True),
        ({"role": 1, "status": 1}, True, False),
        ({"role": 0, "status": 0}, False, True),
        ({"role": "user", "status": "disabled"}, False, False),
    ],
)
def test_role_and_status_are_words_or_numbers(
    operator_api: ApiClient, members: dict[str, Any], is_staff: bool, is_active: bool
) -> None:
    operator_api.send(PATH, {"name": "carol"} | members)

    user = User.objects.get(username="carol")
    assert (user.is_staff, user.is_active) == (is_staff, is_active)


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"priority": "HIGH"}, PriorityClass.HIGH),
        ({"priority": "low"}, PriorityClass.LOW),
        ({"priority": "Normal"}, PriorityClass.NORMAL),
    ],
)
def test_a_user_may_be_given_a_priority(
    operator_api: ApiClient, members: dict[str, Any], found: PriorityClass
) -> None:
    said = operator_api.send(PATH, {"name": "carol"} | members).json()

    assert User.objects.get(username="carol").priority == found
    assert said["data"]["priority"] == found.name


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"priority": "HIGHEST"},
        {"priority": 7},
        {"priority": -1},
        {"priority": ["HIGH"]},
        {"name": None},
        {"name": "olga"},
        {"token": "short"},
        {"token": "the-key-of-an-operator"},
        {"role": "KING"},
        {"id": "5"},
    ],
)
def test_what_cannot_be_made_is_said(
    operator_api: ApiClient, members: dict[str, Any]
) -> None:
    said = operator_api.send(PATH, {"name": "carol"} | members).json()

    assert (said["success"], said["code"]) == (False, -1)
    assert said["message"]
    assert User.objects.count() == 1


def test_a_user_has_the_priority_of_the_group_unless_given_one(
    operator_api: ApiClient,
) -> None:
    said = operator_api.send(PATH, {"name": "carol"}).json()

    assert User.objects.get(username="carol").priority is None
    assert said["data"]["priority"] == "NORMAL"


def test_a_disabled_users_key_is_401_even_where_guests_may_draw(
    operator_api: ApiClient, stranger: ApiClient
) -> None:
    AccessSettings.objects.create(allow_without_key=True)
    made = operator_api.send(PATH, {"name": "carol", "status": "DISABLED"}).json()

    answer = stranger.get(
        "/mj/task/list", headers={"mj-api-secret": made["data"]["token"]}
    )

    assert answer.status_code == 401
    assert answer.json()["message"] == "账号已禁用"
    assert answer.json()["messageEn"] == "Forbidden: User is disabled."


def test_a_user_may_not(api: ApiClient) -> None:
    assert api.send(PATH, {"name": "carol"}).status_code == 401
