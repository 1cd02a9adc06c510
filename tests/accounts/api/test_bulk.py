from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.editing import sub_channels
from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import AccountEvent, DiscordAccount, DomainTag
from accounts.signals import account_changed
from tests.conftest import ApiClient
from tests.factories import make_account

PATH = "/mj/admin/accounts"


def put(api: ApiClient, body: Any) -> dict[str, Any]:
    said: dict[str, Any] = api.put(PATH, body, "application/json").json()
    return said


def ids(*accounts: DiscordAccount) -> list[str]:
    return [str(account.pk) for account in accounts]


def test_the_accounts_of_a_search_are_edited_and_no_other(
    operator_api: ApiClient,
) -> None:
    inside = [make_account(group="Night", user_token="kept") for _ in range(2)]
    outside = make_account(group="day")
    tag = DomainTag.objects.create(name="foxes")
    changes = {
        "coreSize": 7,
        "workTime": "09:00-17:30, 22:00-02:00",
        "fishingTime": "12:00-13:00",
        "dayDrawLimit": 0,
        "allowModes": ["relax"],
        "mode": None,
        "enableNiji": False,
        "verticalDomainIds": [str(tag.pk)],
        "remark": "",
    }

    said = put(operator_api, {"search": {"group": "night"}, "changes": changes})

    assert (said["success"], said["data"]) == (True, {"count": 2})
    for account in inside:
        account.refresh_from_db()
        assert (account.core_size, account.day_draw_limit) == (7, 0)
        assert (account.work_time, account.allow_modes) == (
            changes["workTime"],
            ["RELAX"],
        )
        assert list(account.vertical_domains.all()) == [tag]
        assert (account.user_token, account.revision) == ("kept", 0)
    outside.refresh_from_db()
    assert outside.core_size == 3


def test_further_channels_and_their_notes_stay(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    note = (
        "Anna's, https://discord.com/channels/1118138338562560101/1118138338562561111"
    )
    parsed = sub_channels.parse([note])
    save_account(account, further=parsed)

    put(operator_api, {"ids": ids(account), "changes": {"weight": 9, "remark": "x"}})

    assert sub_channels.lines_of(account) == [note]


def test_an_empty_search_is_all_of_them(operator_api: ApiClient) -> None:
    make_account()
    make_account(enabled=False)

    said = put(operator_api, {"search": {}, "changes": {"weight": 9}})

    assert said["data"] == {"count": 2}


def test_one_that_cannot_be_changed_is_named_and_none_is(
    operator_api: ApiClient,
) -> None:
    fits, other = make_account(), make_account(after_interval_max=0.5)
    body = {"ids": ids(fits, other), "changes": {"afterIntervalMin": 1, "weight": 4}}

    said = put(operator_api, body)

    assert (said["success"], said["code"]) == (False, -1)
    assert list(said["data"]["errors"]) == [str(other.pk)]
    assert "afterIntervalMax" in said["data"]["errors"][str(other.pk)]
    assert set(DiscordAccount.objects.values_list("weight", flat=True)) == {1}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"userToken": "x"}, "userToken"),
        ({"usertoken": "x"}, "usertoken"),
        ({"channelId": "1118138338562560102"}, "channelId"),
        ({"subChannels": []}, "subChannels"),
        ({"proxyUrl": "http://a:1"}, "proxyUrl"),
        ({"privateChannelId": ""}, "privateChannelId"),
        ({"unknown": 1}, "unknown"),
        ({"coreSize": 0}, "coreSize"),
        ({"coreSize": 2**40}, "coreSize"),
        ({"maxQueueSize": -1}, "maxQueueSize"),
        ({"dayDrawLimit": -2}, "dayDrawLimit"),
        ({"interval": "nan"}, "interval"),
        ({"workTime": "25:00-9"}, "workTime"),
        ({"mode": "SLOW"}, "mode"),
        ({"verticalDomainIds": ["77"]}, "verticalDomainIds"),
        ({"verticalDomainIds": ["x"]}, "verticalDomainIds"),
        ({"verticalDomainIds": [{}]}, "verticalDomainIds"),
        ({"sponsor": "<b>"}, "sponsor"),
        ({}, ""),
        ([], "changes"),
        (None, "changes"),
    ],
)
def test_what_is_wrong_is_named(
    operator_api: ApiClient, account: DiscordAccount, changes: Any, text: str
) -> None:
    before = DiscordAccount.objects.values().get()

    said = put(operator_api, {"ids": ids(account), "changes": changes})

    assert (said["success"], said["code"]) == (False, -1)
    assert text in said["message"] + str(said["data"])
    assert DiscordAccount.objects.values().get() == before


@pytest.mark.parametrize(
    "which",
    [
        {},
        {"ids": []},
        {"ids": ["77"]},
        {"ids": ["x"]},
        {"ids": ["９"]},
        {"ids": ["9" * 20]},
        {"ids": "1"},
        {"ids": [str(number) for number in range(1001)]},
        {"search": []},
        {"search": {"enable": "perhaps"}},
    ],
)
def test_accounts_must_be_named(
    operator_api: ApiClient, account: DiscordAccount, which: dict[str, Any]
) -> None:
    said = put(operator_api, which | {"changes": {"weight": 4}})

    assert (said["success"], said["code"]) == (False, -1)
    assert DiscordAccount.objects.get().weight == 1


def test_a_hundred_cost_as_many_queries_as_one(operator_api: ApiClient) -> None:
    def queries(accounts: list[DiscordAccount]) -> int:
        body = {"ids": ids(*accounts), "changes": {"weight": 4, "group": "a"}}
        with CaptureQueriesContext(connection) as captured:
            assert put(operator_api, body)["success"] is True
        return len(captured)

    queries([make_account()])  # from now on the owner of the key is in memory
    one = queries([make_account()])

    assert queries([make_account() for _ in range(100)]) == one


def test_gateways_hear_of_each_account(
    operator_api: ApiClient, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[int] = []

    def hear(*, account_id: int, **kwargs: Any) -> None:
        heard.append(account_id)

    account_changed.connect(hear)
    accounts = [make_account(), make_account()]
    with django_capture_on_commit_callbacks(execute=True):
        put(operator_api, {"ids": ids(*accounts), "changes": {"weight": 4}})
    account_changed.disconnect(hear)

    assert set(heard) == {account.pk for account in accounts}


def test_many_are_switched_off_and_on(operator_api: ApiClient) -> None:
    accounts = [make_account(user_token="kept") for _ in range(2)]

    off = operator_api.send(f"{PATH}-enable", {"ids": ids(*accounts), "enable": False})
    assert off.json()["message"] == "已禁用 2 个账号"
    assert not DiscordAccount.objects.filter(enabled=True).exists()

    on = operator_api.send(f"{PATH}-enable", ids(*accounts))  # a bare list
    assert on.json()["message"] == "已启用 2 个账号"
    assert DiscordAccount.objects.filter(enabled=True).count() == 2
    assert {account.user_token for account in DiscordAccount.objects.all()} == {"kept"}


def test_a_channel_names_its_account_too(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    body = {"ids": [account.channel_id], "enable": False}

    said = operator_api.send(f"{PATH}-enable", body).json()

    assert said["data"] == {"count": 1}


def test_an_unknown_one_is_said_and_none_is_switched(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    said = operator_api.send(f"{PATH}-enable", {"ids": [str(account.pk), "77"]}).json()

    assert (said["success"], said["message"]) == (False, "账号不存在")


def test_new_hours_wake_who_rests_and_leave_alone_who_waits_for_a_person(
    operator_api: ApiClient,
) -> None:
    resting = make_account(state=AccountState.RESTING, work_time="00:00-00:01")
    paused = make_account(state=AccountState.PAUSED, work_time="00:00-00:01")

    put(operator_api, {"search": {}, "changes": {"workTime": ""}})

    resting.refresh_from_db()
    paused.refresh_from_db()
    assert (resting.state, paused.state) == (
        AccountState.CONNECTING,
        AccountState.PAUSED,
    )


def test_the_history_names_who_has_switched_it_off(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    put(operator_api, {"ids": ids(account), "changes": {"enable": False}})

    account.refresh_from_db()
    assert (account.state, account.revision) == (AccountState.DISABLED, 0)
    event = AccountEvent.objects.get(account=account)
    assert (event.to_state, event.by) == (AccountState.DISABLED, "olga")
