"""Two that write the same at one moment: one wins, the other is told in plain words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client

from accounts import ports
from accounts.api import views
from accounts.models import ApiKey, DiscordAccount, User
from accounts.people import keys
from accounts.people.keys import create_key
from accounts.people.users import create_user
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account, make_user

PATH = "/mj/admin/account"
CHANNEL = "1118138338562560102"
BODY = {
    "guildId": "1118138338562560101",
    "channelId": CHANNEL,
    "userToken": "a-token",
}
TAKEN = "渠道已存在"


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a check pass once: it looked before somebody else's commit."""

    def patch(owner: Any, name: str, passes: Any = None) -> None:
        real, calls = getattr(owner, name), iter([True])

        def once(*args: Any, **kwargs: Any) -> Any:
            return passes if next(calls, False) else real(*args, **kwargs)

        monkeypatch.setattr(owner, name, once)

    return patch


@pytest.fixture
def stale(late: Callable[..., None]) -> None:
    """The look whether a channel, or any unique field, is taken came too early."""
    late(views, "channel_is_taken", passes=False)
    late(models.Model, "validate_unique")


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_of_two_adds_of_one_channel_one_is_a_duplicate(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2, timeout=20)

    def ask(*_: Any) -> dict[str, list[str]]:
        both.wait()  # each has looked, none has written
        return {}

    monkeypatch.setattr(ports.account_check, "_answer", ask)

    def add() -> dict[str, Any]:
        said: dict[str, Any] = ApiClient(OPERATORS_KEY).send(PATH, BODY).json()
        return said

    answers = sorted(together([add, add]), key=lambda said: said["code"])

    assert [(a["code"], a["message"]) for a in answers] == [
        (-1, TAKEN),
        (0, "操作成功"),
    ]
    assert DiscordAccount.objects.count() == 1


def test_an_add_that_looked_too_early_is_a_duplicate(
    operator_api: ApiClient, stale: None
) -> None:
    make_account(channel_id=CHANNEL)

    answer = operator_api.send(PATH, BODY)

    assert (answer.status_code, answer.json()["message"]) == (200, TAKEN)
    assert DiscordAccount.objects.count() == 1


def test_an_edit_into_a_channel_that_was_just_taken_is_a_duplicate(
    operator_api: ApiClient, account: DiscordAccount, stale: None
) -> None:
    make_account(channel_id=CHANNEL)
    own = account.channel_id

    answer = operator_api.put(
        f"{PATH}/{account.pk}",
        {"channelId": CHANNEL, "remark": "x"},
        "application/json",
    )

    assert (answer.status_code, answer.json()["message"]) == (200, TAKEN)
    account.refresh_from_db()
    assert (account.channel_id, account.remark) == (own, "")


def test_an_edit_of_an_account_that_is_just_deleted_says_so(
    operator_api: ApiClient, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: Any) -> None:
        DiscordAccount.objects.all().delete()

    monkeypatch.setattr(views, "check", ask)

    answer = operator_api.put(
        f"{PATH}/{account.pk}", {"remark": "x"}, "application/json"
    )

    assert (answer.status_code, answer.json()["message"]) == (200, "账号不存在")


def test_a_users_name_that_was_just_taken_is_refused_with_words(
    operator_api: ApiClient, late: Callable[..., None]
) -> None:
    make_user("carol")
    late(User, "full_clean")

    said = operator_api.send("/mj/admin/user", {"name": "carol"}).json()

    assert (said["success"], said["message"]) == (False, "用户名不可用")
    assert "already in use" in said["messageEn"]
    assert User.objects.filter(username="carol").count() == 1


def test_a_key_that_was_just_taken_is_refused_with_words(
    operator_api: ApiClient, alice: User, late: Callable[..., None]
) -> None:
    create_key(alice, key="a-chosen-key-that-is-long")
    late(keys, "is_taken", passes=False)

    said = operator_api.send(
        "/mj/admin/user", {"name": "carol", "token": "a-chosen-key-that-is-long"}
    ).json()

    assert (said["success"], said["message"]) == (False, "Token 重复")
    assert not User.objects.filter(username="carol").exists()
    assert ApiKey.objects.filter(owner=alice).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_users_of_one_name_one_is_made() -> None:
    def make() -> str:
        try:
            return create_user(name="carol")[0].username
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}"

    made = sorted(together([make, make]))

    assert made == ["InvalidField: This name is already in use.", "carol"]


# --- in the admin ---------------------------------------------------------------------


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def errors_of(response: Any) -> str:
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)


def test_a_name_that_was_just_taken_is_an_error_of_its_form(
    admin: Client, stale: None
) -> None:
    user = make_user("carol")
    make_user("dave")
    form = {"username": "dave", "email": "", "priority": ""}

    response = admin.post(f"/admin/accounts/user/{user.pk}/change/", form)

    assert "already in use" in errors_of(response)


def test_a_channel_that_was_just_taken_is_an_error_of_its_form(
    admin: Client, late: Callable[..., None]
) -> None:
    make_account(channel_id=CHANNEL)
    address = "/admin/accounts/discordaccount/add/"
    fields = admin.get(address).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    form = {k: v for k, v in values.items() if v is not None and v is not False}
    form |= {
        "guild_id": "1118138338562560101",
        "channel_id": CHANNEL,
        "new_user_token": "a-token",
    }
    for _ in range(3):  # the question to Discord, the form, the service
        late(models.Model, "validate_unique")

    response = admin.post(address, form)

    assert "already exists" in errors_of(response)
    assert DiscordAccount.objects.count() == 1
