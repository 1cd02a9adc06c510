"""Edits of a user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.enums import PriorityClass
from accounts.limits.allowed import allowed
from accounts.models import ApiKey, User, UserGroup
from accounts.people.keys import create_key
from accounts.people.users import ensure_operator
from tests.conftest import ALICES_KEY, ApiClient
from tests.factories import make_user, user_of_key

TABLE = "/mj/admin/users"
SAVE = "/mj/admin/user"


def row_of(api: ApiClient, user: User) -> dict[str, Any]:
    found = api.send(TABLE, {"search": {"id": str(user.pk)}}).json()["list"]
    assert len(found) == 1
    row: dict[str, Any] = found[0]
    return row


def test_all_limits_are_written(operator_api: ApiClient, alice: User) -> None:
    night = UserGroup.objects.create(name="night", running_at_once=7)
    sent = {
        "id": str(alice.pk),
        "name": " alicia ",
        "email": "Alicia@Example.com",
        "dayDrawLimit": 5,
        "monthDrawLimit": 50,
        "totalDrawLimit": 500,
        "coreSize": -1,
        "queueSize": 0,
        "isWhite": True,
        "status": "DISABLED",
        "priority": "LOW",
        "group": "night",
        "allowModes": ["RELAX"],
        "botTypes": ["NIJI_JOURNEY"],
        "allowFaceSwap": False,
        "validStartTime": "2026-01-02T03:04:05Z",
        "validEndTime": "2027-01-02T03:04:05+08:00",
    }

    said = operator_api.send(SAVE, sent).json()

    assert (said["success"], said["id"]) == (True, str(alice.pk))
    alice.refresh_from_db()
    assert (alice.username, alice.email) == ("alicia", "alicia@example.com")
    numbers = alice.drawings_a_day, alice.drawings_a_month, alice.drawings_in_total
    assert numbers == (5, 50, 500)
    assert (alice.running_at_once, alice.waiting_at_once) == (None, 0)
    assert allowed(alice.pk).running_at_once == 7
    assert (alice.is_trusted, alice.is_active) == (True, False)
    assert (alice.priority, alice.group) == (PriorityClass.LOW, night)
    assert (alice.speeds, alice.bots) == (["RELAX"], ["NIJI_JOURNEY"])
    assert alice.may_swap_faces is False
    assert alice.valid_from == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert alice.valid_until == datetime(2027, 1, 1, 19, 4, 5, tzinfo=UTC)


def test_a_row_of_the_table_may_be_sent_back(
    operator_api: ApiClient, alice: User
) -> None:
    alice.group = UserGroup.objects.create(name="night")
    alice.drawings_a_day, alice.valid_until = 5, timezone.now() + timedelta(days=1)
    alice.save()
    row = row_of(operator_api, alice)

    assert operator_api.send(SAVE, row).json()["success"]

    again = row_of(operator_api, alice)
    changed = {name for name in row if row[name] != again[name]}
    assert changed <= {"updateTime", "updateTimeFormat"}
    assert user_of_key(ALICES_KEY) == alice


def test_members_that_are_not_sent_stay(operator_api: ApiClient, alice: User) -> None:
    alice.drawings_a_day, alice.is_trusted = 5, True
    alice.save()

    operator_api.send(SAVE, {"id": str(alice.pk), "name": None, "coreSize": 2})

    alice.refresh_from_db()
    assert (alice.username, alice.drawings_a_day, alice.is_trusted) == (
        "alice",
        5,
        True,
    )
    assert alice.running_at_once == 2


@pytest.mark.parametrize("empty", [None, ""])
def test_what_may_be_empty_is_emptied(
    operator_api: ApiClient, alice: User, empty: str | None
) -> None:
    alice.group = UserGroup.objects.create(name="night")
    alice.priority, alice.may_swap_faces = PriorityClass.HIGH, True
    alice.valid_from = alice.valid_until = timezone.now()
    alice.save()
    members = ("validStartTime", "validEndTime", "PRIORITY", "group", "allowFaceSwap")

    operator_api.send(SAVE, {"id": str(alice.pk)} | dict.fromkeys(members, empty))

    again = User.objects.get(pk=alice.pk)
    assert (again.group, again.priority, again.may_swap_faces) == (None,) * 3
    assert (again.valid_from, again.valid_until) == (None, None)


def test_a_new_user_may_have_limits(operator_api: ApiClient) -> None:
    sent = {"name": "carol", "dayDrawLimit": 3, "email": "carol@example.com"}

    operator_api.send(SAVE, sent)

    carol = User.objects.get(username="carol")
    assert (carol.drawings_a_day, carol.email) == (3, "carol@example.com")


def test_a_new_token_replaces_the_key_that_is_shown(
    operator_api: ApiClient, alice: User
) -> None:
    other = create_key(alice, key="a-second-key-of-alice")
    ApiKey.objects.filter(prefix=ALICES_KEY[:8]).update(
        scopes=["draw"], drawings_a_day=4
    )

    said = operator_api.send(
        SAVE, {"id": str(alice.pk), "token": "the-next-key-of-alice"}
    )

    assert "the-next-key-of-alice" not in said.content.decode()
    assert user_of_key(ALICES_KEY) is None
    assert user_of_key("the-next-key-of-alice") == user_of_key(other) == alice
    fresh = ApiKey.objects.get(prefix="the-next")
    assert (fresh.scopes, fresh.drawings_a_day) == (["draw"], 4)


@pytest.mark.parametrize("token", ["", "  ", "****", f"{ALICES_KEY[:8]}****"])
def test_a_masked_token_changes_nothing(
    operator_api: ApiClient, alice: User, token: str
) -> None:
    operator_api.send(SAVE, {"id": str(alice.pk), "token": token})

    assert user_of_key(ALICES_KEY) == alice
    assert alice.api_keys.count() == 1


def test_another_address_leaves_nothing_of_the_old_one(
    operator_api: ApiClient, alice: User
) -> None:
    alice.email = alice.signed_up_as = "old@example.com"
    alice.save()
    EmailAddress.objects.create(user=alice, email="old@example.com", verified=True)

    operator_api.send(SAVE, {"id": str(alice.pk), "email": "New@example.com"})

    rows: Any = EmailAddress.objects.filter(user=alice)
    assert [(row.email, row.verified, row.primary) for row in rows] == [
        ("new@example.com", True, True)
    ]
    alice.refresh_from_db()
    assert alice.signed_up_as == "new@example.com"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"id": "77"}, "用户不存在"),
        ({"id": "admin"}, "用户不存在"),
        ({"id": "9" * 40}, "用户不存在"),
        ({"name": ""}, "用户名不能为空"),
        ({"name": " "}, "用户名不能为空"),
        ({"name": "bob"}, "用户名不可用"),
        ({"token": "the-own-key-of-bob-1"}, "Token 重复"),
        ({"token": "short"}, "Token 太短"),
        ({"group": "day"}, "用户组不存在"),
        ({"email": "bob@example.com"}, "邮箱已被使用"),
        ({"email": "nobody"}, "参数错误"),
    ],
)
def test_what_cannot_be_saved_is_said(
    operator_api: ApiClient,
    alice: User,
    bob: User,
    members: dict[str, Any],
    message: str,
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")
    before = User.objects.order_by("pk").values()

    said = operator_api.send(SAVE, {"id": str(alice.pk), "coreSize": 3} | members)

    assert said.json()["success"] is False
    assert message in said.json()["message"]
    assert list(User.objects.order_by("pk").values()) == list(before)
    assert user_of_key(ALICES_KEY) == alice


@pytest.mark.parametrize(
    "members",
    [
        {"dayDrawLimit": 1_000_000_001},
        {"coreSize": 100_001},
        {"queueSize": "many"},
        {"totalDrawLimit": 2**31},
        {"name": 5},
        {"name": "x" * 151},
        {"name": "x\0y"},
        {"email": {}},
        {"token": "x" * 501},
        {"token": ["x"]},
        {"isWhite": "perhaps"},
        {"allowModes": ["WARP"]},
        {"allowModes": "FAST"},
        {"allowModes": ["FAST"] * 4},
        {"botTypes": ["INSIGHT_FACE"]},
        {"validStartTime": "soon"},
        {"validStartTime": "0001-01-01T00:00:00+14:00"},
        {"validEndTime": "9999-12-31T23:59:59-14:00"},
        {"validEndTime": 5},
        {"priority": "HIGHEST"},
        {"role": []},
        [],
        "text",
    ],
    ids=lambda members: str(members)[:40],
)
def test_what_is_no_user_is_refused(
    operator_api: ApiClient, alice: User, members: Any
) -> None:
    body = members | {"id": str(alice.pk)} if isinstance(members, dict) else members

    answer = operator_api.send(SAVE, body)

    assert (answer.status_code, answer.json()["success"]) == (200, False)
    again = User.objects.get(pk=alice.pk)
    assert again.changed_at == alice.changed_at


@pytest.mark.parametrize("members", [{"role": "USER"}, {"status": "DISABLED"}])
def test_the_last_operator_stays_one(
    operator_api: ApiClient, operator: User, members: dict[str, str]
) -> None:
    make_user("otto", is_staff=True, is_active=False)

    said = operator_api.send(SAVE, {"id": str(operator.pk)} | members).json()

    assert said["success"] is False
    assert "最后一个" in said["message"]
    operator.refresh_from_db()
    assert operator.is_operator


def test_one_of_two_operators_may_go(operator_api: ApiClient) -> None:
    otto = make_user("otto", is_staff=True, is_superuser=True)

    operator_api.send(SAVE, {"id": str(otto.pk), "role": "USER"})

    otto.refresh_from_db()
    assert (otto.is_staff, otto.is_superuser) == (False, False)


def test_users_that_the_server_needs_keep_name_and_role(
    operator_api: ApiClient,
) -> None:
    ensure_operator()
    guest = User.objects.get(username="guest")
    admin = User.objects.get(username="admin")

    for user, members in (
        (guest, {"role": "ADMIN"}),
        (guest, {"name": "visitor"}),
        (admin, {"name": "root"}),
    ):
        said = operator_api.send(SAVE, {"id": str(user.pk)} | members).json()
        assert said["success"] is False

    guest.refresh_from_db()
    assert not guest.is_staff
