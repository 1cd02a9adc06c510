"""Keys that may not be used, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AccessSettings, ApiKey, User
from tests.conftest import ALICES_KEY, ApiClient
from tests.factories import make_finished

TOLD: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "expired": (
        {"expires_at": timezone.now()},
        401,
        "Token 已过期",
        "This key has expired",
    ),
    "revoked": ({"is_active": False}, 401, "Token 已被吊销", "This key was revoked"),
    "elsewhere": (
        {"allowed_addresses": ["192.0.2.0/24"]},
        403,
        "当前 IP 不允许使用该 Token",
        "This key may not be used from this address",
    ),
    "without the scope": (
        {"scopes": ["account"]},
        403,
        "Token 权限不足，需要 read",
        "This key has not the scope read",
    ),
}
PATHS = ["/mj/task/1234567890123456/fetch", "/mj/task/list", "/mj-fast/mj/task/list"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", TOLD)
@pytest.mark.parametrize("guests", [False, True])
def test_it_is_told_why(api: ApiClient, how: str, path: str, guests: bool) -> None:
    fields, status, zh, en = TOLD[how]
    ApiKey.objects.update(**fields)
    access = AccessSettings.get_solo()
    access.allow_without_key = guests
    access.save()

    answer = api.get(path)

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (status, False, -1)
    assert (said["message"], said["messageEn"]) == (zh, en)
    assert answer.has_header("WWW-Authenticate") == (status == 401)


@pytest.mark.parametrize("how", TOLD)
def test_a_submit_is_told_in_its_own_shape(api: ApiClient, how: str) -> None:
    fields, status, _, _ = TOLD[how]
    ApiKey.objects.update(**fields)

    answer = api.send("/mj/submit/imagine", {"prompt": "a fox"})

    said = answer.json()
    assert answer.status_code == status
    assert said["description"] == said["message"]
    assert (said["result"], said["properties"]) == (None, {})


def test_the_login_page_is_told_too(stranger: ApiClient, operator: User) -> None:
    ApiKey.objects.update(expires_at=timezone.now())

    said = stranger.send("/mj/admin/login", '"the-key-of-an-operator"').json()
    page = stranger.post("/sign-in", {"key": "the-key-of-an-operator"})

    assert (said["success"], said["message"]) == (False, "Token 已过期")
    assert page.status_code == 403
    assert "This key has expired" in page.content.decode()


def test_the_login_page_wants_the_scope_admin(
    stranger: ApiClient, operator: User
) -> None:
    ApiKey.objects.update(scopes=["draw", "read", "account"])

    said = stranger.send("/mj/admin/login", '"the-key-of-an-operator"').json()

    assert said["message"] == "用户无权限"


def test_an_operators_key_without_admin_sees_own_tasks(
    operator_api: ApiClient, operator: User, alice: User
) -> None:
    ApiKey.objects.filter(owner=operator).update(scopes=["read"])
    make_finished(alice)
    own = make_finished(operator)

    tasks = operator_api.get("/mj/task/list").json()

    assert [task["id"] for task in tasks] == [str(own.pk)]


@pytest.mark.parametrize(
    ("client", "shown"),
    [
        ("api", ("alice", "USER", "")),
        ("operator_api", ("olga", "ADMIN", "admin")),
    ],
)
def test_current_names_the_caller(
    request: pytest.FixtureRequest, client: str, shown: tuple[str, str, str]
) -> None:
    said = request.getfixturevalue(client).get("/mj/admin/current").json()

    assert (said["id"], said["tags"][0]["label"], said["access"]) == shown
    assert said["apiSecret"] is None


def test_current_of_a_guest_and_of_nobody(stranger: ApiClient) -> None:
    nobody = stranger.get("/mj/admin/current")
    access = AccessSettings.get_solo()
    access.allow_without_key = True
    access.save()
    User.objects.create(username="guest")

    guest = stranger.get("/mj/admin/current").json()

    assert nobody.status_code == 403
    assert (guest["id"], guest["userid"], guest["tags"][0]["label"]) == ("Guest",) * 3


def test_a_key_in_either_header_is_enough(alice: User, bob: User) -> None:
    ApiKey.objects.filter(owner=bob).update(is_active=False)
    client = ApiClient("the-own-key-of-bob-1")

    answer = client.get(
        "/mj/task/list", headers={"Authorization": f"Bearer {ALICES_KEY}"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["", "no-key-of-anybody-here"])
@pytest.mark.parametrize("path", PATHS)
def test_who_has_no_right_key_is_told_so_in_both_languages(
    db: None, path: str, key: str
) -> None:
    answer = ApiClient(key).get(path)

    said = answer.json()
    assert answer.status_code == 401
    assert answer.has_header("WWW-Authenticate")
    assert (said["message"], said["messageEn"]) == (
        "缺少 Token 或 Token 错误",
        "Authorization header missing, or a wrong key",
    )
