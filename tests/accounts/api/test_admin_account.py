from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import ports
from accounts.enums import SpeedMode
from accounts.models import DiscordAccount, DomainTag
from tests.conftest import ApiClient
from tests.factories import make_account

PATH = "/mj/admin/account"
BODY: dict[str, Any] = {
    "guildId": "1118138338562560101",
    "channelId": "1118138338562560102",
    "userToken": "very-secret",
}


def put(
    api: ApiClient, account: DiscordAccount, members: dict[str, Any]
) -> dict[str, Any]:
    answer: Any = api.put(f"{PATH}/{account.pk}", members, "application/json")
    said: dict[str, Any] = answer.json()
    return said


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


def test_hours_subjects_and_further_channels_are_written_and_shown(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    tag = DomainTag.objects.create(name="foxes")
    link = "https://discord.com/channels/1118138338562560101/1118138338562561111"
    members = {
        "workTime": "09:00-17:30, 22:00-02:00",
        "fishingTime": "12:00-13:00",
        "dayDrawLimit": 50,
        "isVerticalDomain": True,
        "verticalDomainIds": [str(tag.pk)],
        "subChannels": [f"{link}, Anna's room"],
        "permanentInvitationLink": "https://discord.gg/fox",
        "privateChannelId": "1118138338562562222",
        "nijiBotChannelId": "1118138338562563333",
        "sponsor": "Fox & Co",
        "group": "night",
        "isShorten": False,
    }

    put(operator_api, account, members)

    shown = operator_api.get(f"{PATH}/{account.pk}").json()
    assert {name: shown[name] for name in members} == members
    assert shown["subChannelValues"] == {"1118138338562561111": "1118138338562560101"}


def test_what_is_empty_empties_and_what_is_null_or_missing_stays(
    operator_api: ApiClient,
) -> None:
    full = {
        "remark": "first",
        "group": "night",
        "mode": SpeedMode.FAST,
        "allow_modes": ["FAST"],
        "work_time": "09:00-17:30",
        "day_draw_limit": 50,
    }
    account = make_account(**full)
    account.vertical_domains.add(DomainTag.objects.create(name="foxes"))
    names = ("remark", "group", "allowModes", "workTime", "verticalDomainIds")

    put(operator_api, account, dict.fromkeys([*names, "dayDrawLimit"]))
    account.refresh_from_db()
    assert {name: getattr(account, name) for name in full} == full

    empty: dict[str, Any] = {"remark": "", "group": "", "allowModes": []}
    empty |= {"workTime": "", "verticalDomainIds": [], "mode": ""}
    put(operator_api, account, empty)
    account.refresh_from_db()
    assert (account.remark, account.group, account.work_time) == ("", "", "")
    assert (account.mode, account.allow_modes) == ("", [])
    assert (account.day_draw_limit, account.vertical_domains.count()) == (50, 0)


def test_a_forced_speed_is_null_where_there_is_none(operator_api: ApiClient) -> None:
    account = make_account(mode=SpeedMode.FAST)

    put(operator_api, account, {"mode": None})

    account.refresh_from_db()
    assert account.mode == ""
    assert operator_api.get(f"{PATH}/{account.pk}").json()["mode"] is None


def test_secrets_are_forgotten_when_that_is_asked_for(operator_api: ApiClient) -> None:
    account = make_account(bot_token="SECRET-b", proxy_url="http://SECRET:p@x")

    put(operator_api, account, {"remove": ["proxyUrl"], "botToken": ""})

    account.refresh_from_db()
    assert (account.bot_token, account.proxy_url) == ("SECRET-b", "")
    assert put(operator_api, account, {"remove": ["userToken"]})["success"] is False


@pytest.mark.parametrize(
    ("members", "size"),
    [
        ({"queueSize": 7}, 7),
        ({"maxQueueSize": 7}, 7),
        ({"queueSize": 100, "maxQueueSize": 7}, 7),
        ({"queueSize": 7, "maxQueueSize": 100}, 7),
        ({"queueSize": 100, "maxQueueSize": 100}, 100),
    ],
)
def test_of_two_names_of_a_size_the_changed_one_counts(
    operator_api: ApiClient,
    account: DiscordAccount,
    members: dict[str, int],
    size: int,
) -> None:
    put(operator_api, account, members)

    account.refresh_from_db()
    assert account.max_queue_size == size


def test_a_new_account_takes_its_largest_queue(operator_api: ApiClient) -> None:
    operator_api.send(PATH, BODY | {"queueSize": 10, "maxQueueSize": 100})

    assert DiscordAccount.objects.get().max_queue_size == 100


def test_whether_it_takes_new_work_follows_hours_and_limit(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    def accepts(**fields: Any) -> bool:
        DiscordAccount.objects.filter(pk=account.pk).update(**fields)
        shown = operator_api.get(f"{PATH}/{account.pk}").json()
        return bool(shown["isAcceptNewTask"])

    today = timezone.localdate()
    assert accepts()
    assert not accepts(day=today, day_draw_limit=5, day_draw_count=5)
    assert accepts(day=today - timedelta(days=1))  # nothing yet today
    assert not accepts(day_draw_limit=0)
    assert accepts(day_draw_limit=-1)
    assert not accepts(is_fishing=True)
    assert accepts(is_fishing=False, work_time="00:00-11:59, 12:00-23:59")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"workTime": "25:00-9"}, "workTime"),
        ({"workTime": 9}, "workTime"),
        ({"fishingTime": "09:00-12:00, 11:00-13:00"}, "fishingTime"),
        ({"maxQueueSize": -1}, "maxQueueSize"),
        ({"queueSize": -1}, "queueSize"),
        ({"dayDrawLimit": -2}, "dayDrawLimit"),
        ({"afterIntervalMin": 5, "afterIntervalMax": 1}, "afterIntervalMax"),
        ({"verticalDomainIds": ["77"]}, "verticalDomainIds"),
        ({"verticalDomainIds": "1"}, "verticalDomainIds"),
        ({"verticalDomainIds": ["x" * 2000]}, "verticalDomainIds"),
        ({"subChannels": ["no link"]}, "subChannels"),
        ({"subChannels": [{}]}, "subChannels"),
        ({"subChannels": "x"}, "subChannels"),
        ({"allowModes": ["SLOW"]}, "allowModes"),
        ({"privateChannelId": "x"}, "privateChannelId"),
        ({"permanentInvitationLink": "javascript:x"}, "permanentInvitationLink"),
        ({"sponsor": "<img src=x onerror=x>"}, "sponsor"),
        ({"group": "x" * 81}, "group"),
    ],
)
def test_a_wrong_edit_is_named_and_nothing_is_written(
    operator_api: ApiClient,
    account: DiscordAccount,
    members: dict[str, Any],
    text: str,
) -> None:
    before = DiscordAccount.objects.values().get()

    said = put(operator_api, account, members | {"remark": "new"})

    assert (said["success"], said["code"]) == (False, -1)
    assert text in said["message"]
    assert DiscordAccount.objects.values().get() == before


def test_its_own_channel_is_no_further_one(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    link = f"https://discord.com/channels/{account.guild_id}/{account.channel_id}"

    said = put(operator_api, account, {"subChannels": [link]})

    assert (said["success"], "subChannels" in said["message"]) == (False, True)


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
    assert (account.user_token, account.revision) == ("kept", 0)


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
    said = answers[0].json()
    assert (said["message"], said["messageEn"]) == (
        "账号无权限",
        "Forbidden: Admin access required.",
    )
    assert DiscordAccount.objects.get() == account


def test_what_discord_finds_wrong_is_said_and_nothing_is_written(
    operator_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"user_token": ["No."], "channel_id": ["The channel is elsewhere."]}
    monkeypatch.setattr(ports.account_check, "_answer", lambda account, channels: wrong)

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

    monkeypatch.setattr(ports.account_check, "_answer", check)
    made = operator_api.send(PATH, BODY).json()
    operator_api.put(f"{PATH}/{made['id']}", '{"remark": "renamed"}')
    operator_api.put(f"{PATH}/{made['id']}", '{"userToken": "another"}')

    assert asked == [False, False]  # of three edits two concern Discord
