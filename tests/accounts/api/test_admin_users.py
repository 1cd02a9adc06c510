"""The table of users, and their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.credits import ledger
from accounts.enums import PriorityClass
from accounts.limits import meter
from accounts.models import AccessSettings, ApiKey, Booking, User, UserGroup
from accounts.people.keys import create_key
from accounts.people.users import ensure_operator
from tasks.models import Task
from tests.conftest import ALICES_KEY, OPERATORS_KEY, ApiClient
from tests.factories import make_finished, make_user, user_of_key

TABLE = "/mj/admin/users"
SAVE = "/mj/admin/user"


def names(api: ApiClient, **search: Any) -> list[str]:
    return [row["name"] for row in api.send(TABLE, {"search": search}).json()["list"]]


def row_of(api: ApiClient, user: User) -> dict[str, Any]:
    found = api.send(TABLE, {"search": {"id": str(user.pk)}}).json()["list"]
    assert len(found) == 1
    row: dict[str, Any] = found[0]
    return row


# --- the table ------------------------------------------------------------------------


def test_a_user_is_shown_with_limits_and_numbers(
    operator_api: ApiClient, alice: User
) -> None:
    alice.group = UserGroup.objects.create(name="night")
    alice.drawings_a_day, alice.drawings_in_total = 5, 0
    alice.email, alice.priority = "alice@example.com", PriorityClass.HIGH
    alice.save()
    today = timezone.localdate()
    meter.count(alice.pk, today - timedelta(days=1), drawings=2)
    meter.count(alice.pk, today, drawings=3)

    row = row_of(operator_api, alice)

    assert (row["name"], row["email"]) == ("alice", "alice@example.com")
    assert (row["role"], row["status"], row["isAvailable"]) == ("USER", "NORMAL", True)
    limits = ("dayDrawLimit", "totalDrawLimit", "coreSize", "queueSize")
    assert [row[name] for name in limits] == [5, 0, -1, -1]
    assert (row["dayDrawCount"], row["totalDrawCount"]) == (3, 5)
    assert (row["priority"], row["group"]) == ("HIGH", "night")
    assert row["validStartTime"] is None
    assert (
        row["createTimeFormat"] == f"{timezone.localtime(alice.date_joined):%F %H:%M}"
    )


def test_a_key_is_never_shown_but_its_begin(
    operator_api: ApiClient, alice: User
) -> None:
    create_key(alice, key="a-second-key-of-alice")

    answer = operator_api.send(TABLE)

    text = answer.content.decode()
    assert row_of(operator_api, alice)["token"] == f"{ALICES_KEY[:8]}****"
    assert ALICES_KEY not in text
    assert OPERATORS_KEY not in text
    for secret in ("password", "webhook", "digest"):
        assert secret not in text


def test_a_user_without_a_valid_key_has_no_token(
    operator_api: ApiClient, alice: User
) -> None:
    ApiKey.objects.filter(owner=alice).update(is_active=False)

    assert row_of(operator_api, alice)["token"] == ""


def test_the_table_is_searched(operator_api: ApiClient) -> None:
    make_user("carol", email="carol@one.example")
    make_user("caroline", is_active=False)
    make_user("dave", email="dave@two.example", is_staff=True)

    assert names(operator_api, name="CAROL") == ["caroline", "carol"]
    assert names(operator_api, email="two.") == ["dave"]
    assert names(operator_api, role="ADMIN") == ["dave", "olga"]
    assert names(operator_api, status="disabled") == ["caroline"]
    assert names(operator_api, name="carol", status="NORMAL") == ["carol"]
    assert names(operator_api, phone="1") == []
    assert names(operator_api, id="9" * 40) == []
    assert names(operator_api, id="admin") == []


def test_who_was_changed_last_comes_first(operator_api: ApiClient) -> None:
    first, _ = make_user("carol"), make_user("dave")

    operator_api.send(SAVE, {"id": str(first.pk), "isWhite": True})

    assert names(operator_api)[:2] == ["carol", "dave"]


@pytest.mark.parametrize(
    "search",
    [
        {"role": "KING"},
        {"role": ""},
        {"status": 7},
        {"name": 5},
        {"name": ["x"]},
        {"name": "x" * 255},
        {"name": "\0"},
        {"id": {}},
    ],
)
def test_what_is_no_search_is_refused(operator_api: ApiClient, search: Any) -> None:
    answer = operator_api.send(TABLE, {"search": search})

    assert (answer.status_code, answer.json()["success"]) == (200, False)


def test_the_number_of_queries_does_not_grow_with_the_users(
    operator_api: ApiClient, django_assert_max_num_queries: Any, memory: None
) -> None:
    for n in range(30):
        create_key(make_user(f"user-{n}"))
    operator_api.send(TABLE)

    with django_assert_max_num_queries(5):
        operator_api.send(TABLE, {"pagination": {"current": 1, "pageSize": 30}})


def test_visitors_see_neither_keys_nor_addresses(
    stranger: ApiClient, alice: User
) -> None:
    AccessSettings.objects.create(demo_mode=True)
    alice.email, alice.last_login_from = "alice@example.com", "192.0.2.7"
    alice.save()

    answer = stranger.send(TABLE)

    assert answer.json()["list"][0]["name"] == "alice"
    for private in ("alice@example.com", "192.0.2.7", ALICES_KEY[:8]):
        assert private not in answer.content.decode()


# --- the end --------------------------------------------------------------------------


def test_a_deleted_user_is_gone_with_all_that_is_theirs(
    operator_api: ApiClient, alice: User
) -> None:
    make_finished(alice)
    ledger.add(alice.pk, 5, by="", note="")

    said = [operator_api.delete(f"{SAVE}/{alice.pk}").json() for _ in range(2)]

    assert [each["success"] for each in said] == [True, False]
    assert "用户不存在" in said[1]["message"]
    assert user_of_key(ALICES_KEY) is None
    assert not Task.objects.exists()
    assert not Booking.objects.exists()


def test_users_that_the_server_needs_stay(
    operator_api: ApiClient, operator: User
) -> None:
    ensure_operator()
    guest = User.objects.get(username="guest")
    admin = User.objects.get(username="admin")

    said = {
        user.username: operator_api.delete(f"{SAVE}/{user.pk}").json()["message"]
        for user in (guest, admin)
    }

    assert "不能删除默认账号" in said["guest"]
    assert "不能删除管理员账号" in said["admin"]
    assert User.objects.count() == 3


def test_the_last_operator_is_not_deleted(
    operator_api: ApiClient, operator: User
) -> None:
    said = operator_api.delete(f"{SAVE}/{operator.pk}").json()

    assert "不能删除最后一个管理员账号" in said["message"]
    assert user_of_key(OPERATORS_KEY) == operator


@pytest.mark.parametrize("user_id", ["0", "-1", "admin", "9" * 40, "１", "a b"])
def test_an_unknown_user_is_not_deleted(operator_api: ApiClient, user_id: str) -> None:
    said = operator_api.delete(f"{SAVE}/{user_id}").json()

    assert "用户不存在" in said["message"]
    assert User.objects.count() == 1
