from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from accounts import checking
from accounts.models import DiscordAccount
from tests.conftest import ApiClient
from tests.factories import make_account

PATH = "/mj/admin/account"
BODY: dict[str, Any] = {
    "guildId": "1118138338562560101",
    "channelId": "1118138338562560102",
    "userToken": "very-secret",
}


def test_three_members_make_an_account(operator_api: ApiClient) -> None:
    said = operator_api.send(PATH, BODY).json()

    account = DiscordAccount.objects.get()
    assert (said["success"], said["code"]) == (True, 0)
    assert said["message"] == "操作成功"
    assert said["timestamp"].isdigit()
    assert said["data"]["id"] == said["id"] == str(account.pk)
    assert (account.enabled, account.user_token) == (True, "very-secret")


def test_every_member_reaches_its_field(operator_api: ApiClient) -> None:
    more = {
        "interval": 0,
        "afterIntervalMin": 0,
        "afterIntervalMax": 0,
        "coreSize": "12",
        "maxQueueSize": 7,
        "timeoutMinutes": 9,
        "mode": "fast",
        "enable": False,
        "enableNiji": False,
        "remark": " first ",
        "unknown": {"a": 1},
        "weight": None,
    }

    operator_api.send(PATH, BODY | more)

    account = DiscordAccount.objects.get()
    assert (account.interval, account.after_interval_max) == (0, 0)
    assert (account.core_size, account.max_queue_size) == (12, 7)
    assert (account.timeout_minutes, account.mode) == (9, "FAST")
    assert (account.enabled, account.enable_niji) == (False, False)
    assert (account.remark, account.weight) == ("first", 1)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"channelId": "12"}, "channelId"),
        ({"userToken": ""}, "userToken"),
        ({"userToken": "****"}, "userToken"),
        ({"userToken": "two words"}, "userToken"),
        ({"botToken": "line\nbreak"}, "botToken"),
        ({"maxQueueSize": -1}, "maxQueueSize"),
        ({"guildId": None}, "guildId"),
        ({"coreSize": 0}, "coreSize"),
        ({"coreSize": 10**30}, "coreSize"),
        ({"sort": 2**40}, "sort"),
        ({"interval": -1}, "interval"),
        ({"interval": "nan"}, "interval"),
        ({"interval": 1e300}, "interval"),
        ({"remark": "x" * 201}, "remark"),
        ({"mode": "SLOW"}, "mode"),
        ({"channelId": 1118138338562560102}, "channelId"),
        ({"enable": "perhaps"}, "enable"),
    ],
)
def test_a_wrong_member_is_named_and_nothing_is_written(
    operator_api: ApiClient, members: dict[str, Any], text: str
) -> None:
    answer = operator_api.send(PATH, BODY | members)

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    assert text in said["message"]
    assert not DiscordAccount.objects.exists()


def test_a_channel_has_one_account(operator_api: ApiClient) -> None:
    make_account(channel_id=BODY["channelId"])

    said = operator_api.send(PATH, BODY).json()

    assert (said["success"], said["message"]) == (False, "渠道已存在")


def test_an_edit_changes_only_what_is_sent(operator_api: ApiClient) -> None:
    account = make_account(remark="first", user_token="kept")

    said = operator_api.put(f"{PATH}/{account.pk}", '{"coreSize": 5}').json()

    account.refresh_from_db()
    assert said["success"] is True
    assert (account.core_size, account.remark) == (5, "first")
    assert (account.user_token, account.revision) == ("kept", 1)


def test_an_account_is_deleted_by_its_channel_too(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    said = operator_api.delete(f"{PATH}/{account.channel_id}").json()

    assert said["success"] is True
    assert not DiscordAccount.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete"])
def test_an_unknown_account_is_said(operator_api: ApiClient, method: str) -> None:
    said = getattr(operator_api, method)(f"{PATH}/77").json()

    assert (said["success"], said["message"]) == (False, "账号不存在")


def test_a_user_may_not(api: ApiClient, account: DiscordAccount) -> None:
    answers = [
        api.send(PATH, BODY),
        api.put(f"{PATH}/{account.pk}", "{}"),
        api.delete(f"{PATH}/{account.pk}"),
    ]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].json()["message"] == "Forbidden: Admin access required."
    assert DiscordAccount.objects.get() == account


def test_what_discord_finds_wrong_is_said_and_nothing_is_written(
    operator_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"user_token": ["No."], "channel_id": ["The channel is elsewhere."]}
    monkeypatch.setattr(checking, "_checker", lambda account, channels: wrong)

    said = operator_api.send(PATH, BODY).json()

    assert (said["success"], said["code"]) == (False, -1)
    assert "userToken: No." in said["message"]
    assert "channelId: The channel is elsewhere." in said["message"]
    assert not DiscordAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_discord_is_asked_in_no_transaction(
    operator_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def check(account: DiscordAccount, channels: Any) -> dict[str, list[str]]:
        asked.append(connection.in_atomic_block)
        return {}

    monkeypatch.setattr(checking, "_checker", check)
    made = operator_api.send(PATH, BODY).json()
    operator_api.put(f"{PATH}/{made['id']}", '{"remark": "renamed"}')
    operator_api.put(f"{PATH}/{made['id']}", '{"userToken": "another"}')

    assert asked == [False, False]  # of three edits two concern Discord
