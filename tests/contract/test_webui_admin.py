"""Calls of the operators' page of another server, with an operator's key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.state import bot_snapshots
from accounts.verification import lock
from gateway.models import AccountQuery
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.contract.clients.admin_webui import AdminWebui
from tests.contract.clients.base import text_in
from tests.factories import make_account, make_finished
from tests.gateway.panel import RELAX, settings
from tests.gateway.query_rows import MJ

ACCOUNT: Final = "/mj/admin/account"
ACCOUNTS: Final = "/mj/admin/accounts"
LINK: Final = "https://discord.com/channels/1118138338562560101/1118138338562561111"
_LATER = timezone.localtime() + timedelta(hours=6)
OTHER_HOURS: Final = f"{_LATER:%H}:00-{_LATER:%H}:30"  # not now, whatever the time is
# It fills its forms from a row of the table, and sends back the fields that they have.
RECONNECT_FORM: Final = (
    "id", "guildId", "channelId", "userToken", "userAgent", "enable", "mode",
    "remixAutoSubmit", "allowModes", "enableAutoSetRelax", "coreSize", "queueSize",
    "interval", "afterIntervalMin", "afterIntervalMax", "weight", "enableMj",
    "enableNiji", "isBlend", "isDescribe", "isShorten", "dayDrawLimit",
    "dayRelaxDrawLimit", "isDraft", "privateChannelId", "nijiBotChannelId",
    "permanentInvitationLink", "sort", "timeoutMinutes", "sponsor", "remark",
    "workTime", "fishingTime", "subChannels", "loginAccount", "loginPassword",
)  # fmt: skip
EDIT_FORM: Final = (
    "id", "privateChannelId", "nijiBotChannelId", "remixAutoSubmit", "enableMj",
    "enableNiji", "isBlend", "isDescribe", "isShorten", "dayDrawLimit",
    "permanentInvitationLink", "isVerticalDomain", "verticalDomainIds",
    "timeoutMinutes", "weight", "sponsor", "remark", "sort", "subChannels",
)  # fmt: skip


def table(**search: Any) -> dict[str, Any]:
    """Return what its table asks for: the search holds the paging once more."""
    more: dict[str, Any] = {"current": 1, "pageSize": 10, "pageNumber": 0}
    more |= {"state": "", "sort": "", "statusSet": []}
    return {
        "pagination": {"current": 1, "pageSize": 10},
        "sort": {"predicate": "", "reverse": True},
        "search": more | search,
    }


def row_of(api: ApiClient) -> dict[str, Any]:
    (row,) = api.send(ACCOUNTS, table()).json()["list"]
    assert isinstance(row, dict)
    return row


def form_of(row: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return what a form sends; a field that nobody has filled is left out."""
    for needed in ("userToken", "guildId", "channelId"):
        assert row[needed]  # the form demands them
    sent = {name: row[name] for name in fields if name in row}
    return sent | {"subChannels": sent.get("subChannels") or []}


@pytest.fixture
def full(db: None) -> DiscordAccount:
    """An account of which every field that the page knows is set."""
    account = make_account(
        user_token="very-secret",
        user_agent="a browser",
        remark="first",
        sponsor="Fox",
        mode="FAST",
        allow_modes=["FAST"],
        max_queue_size=7,
        work_time="00:00-23:59",
        fishing_time=OTHER_HOURS,
        day_draw_limit=50,
        private_channel_id="1118138338562562222",
        niji_bot_channel_id="1118138338562563333",
        permanent_invitation_link="https://discord.gg/fox",
    )
    account.sub_channels.create(
        guild_id="1118138338562560101", channel_id="1118138338562561111"
    )
    return account


# What an edit moves besides what it names.
_MOVES = {
    "revision",
    "anew_revision",
    "acted_at",
    "state",
    "state_since",
    "state_reason",
}


def columns(account: DiscordAccount) -> dict[str, Any]:
    rows = DiscordAccount.objects.filter(pk=account.pk)
    return {
        name: value for name, value in rows.values().get().items() if name not in _MOVES
    }


def test_it_signs_in_and_reads_who_it_is(operator_api: ApiClient) -> None:
    said = operator_api.send("/mj/admin/login", f'"{OPERATORS_KEY}"').json()
    current = operator_api.get("/mj/admin/current").json()

    assert (said["code"], text_in(said, "apiSecret")) == (1, OPERATORS_KEY)
    assert (current["access"], current["active"]) == ("admin", True)
    assert text_in(current, "name")


def test_its_choice_of_accounts_and_its_table(operator_api: ApiClient) -> None:
    make_account(remark="first")

    bare = operator_api.get(ACCOUNTS).json()
    page = operator_api.send(ACCOUNTS, table()).json()

    for row in (*bare, *page["list"]):
        assert text_in(row, "channelId")
        assert (row["enable"], row["running"], row["remark"]) == (True, True, "first")
        assert isinstance(row["displays"], dict)
    assert page["pagination"]["total"] == len(bare) == 1


def test_its_searches(operator_api: ApiClient) -> None:
    make_account(remark="first", sponsor="Fox", enabled=False)
    other = make_account(remark="other")

    def found(**search: Any) -> list[str]:
        rows = operator_api.send(ACCOUNTS, table(**search)).json()["list"]
        return [row["remark"] for row in rows]

    assert found(enable="true") == ["other"]
    assert found(enable=False, sponsor="fo") == ["first"]
    assert found(channelId=other.channel_id) == ["other"]
    assert found(remark="irs") == ["first"]
    assert found(guildId="1") == []


def test_its_page_of_an_account_reads_what_the_bots_told(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    unread = row_of(operator_api)
    bot_snapshots.note(
        account.pk,
        MJ,
        properties={"Fast Time Remaining": "1/15.0 hours"},
        components=settings(on=("Fast mode",)),
        version="7",
    )
    row = row_of(operator_api)

    for shown in (unread, row):
        assert isinstance(shown["buttons"], list)  # it walks over them
        assert isinstance(shown["nijiButtons"], list)
        assert isinstance(shown["displays"], dict)
        for name in ("fastTimeRemaining", "relaxedUsage", "version", "userAgent"):
            text_in(shown, name)
    assert row["fastTimeRemaining"] == "1/15.0 hours"
    assert {option["customId"] for option in row["versionSelector"]} >= {"7"}
    assert all(text_in(button, "customId") for button in row["buttons"])


def test_a_form_that_is_sent_back_as_it_was_changes_nothing(
    operator_api: ApiClient, full: DiscordAccount
) -> None:
    before = columns(full)
    row = row_of(operator_api)

    for path, fields in (
        (f"{ACCOUNT}-reconnect/{row['id']}", RECONNECT_FORM),
        (f"{ACCOUNT}/{row['id']}", EDIT_FORM),
    ):
        body = form_of(row, fields)
        said: Any = operator_api.put(path, body, "application/json").json()
        assert said["success"] is True, said["message"]
        assert columns(full) == before

    (further,) = full.sub_channels.all()
    assert str(further) == LINK
    assert "very-secret" not in str(row)


def test_what_is_changed_in_its_form_is_written(
    operator_api: ApiClient, full: DiscordAccount
) -> None:
    row = row_of(operator_api)
    body = form_of(row, RECONNECT_FORM)
    body |= {"queueSize": 9, "userToken": "another", "workTime": "", "weight": None}
    body |= {"subChannels": [f"{LINK}, a note", ""], "allowModes": []}
    del body["mode"]  # a choice that was cleared is left out

    path = f"{ACCOUNT}-reconnect/{row['id']}"
    said: Any = operator_api.put(path, body, "application/json").json()

    assert said["success"] is True, said["message"]
    full.refresh_from_db()
    assert (full.max_queue_size, full.user_token) == (9, "another")
    assert (full.work_time, full.mode, full.allow_modes) == ("", "", [])
    assert (full.weight, full.fishing_time) == (1, OTHER_HOURS)


def test_it_adds_an_account_with_the_fields_that_were_filled(
    operator_api: ApiClient,
) -> None:
    body = {
        "userAgent": "a browser",
        "enable": True,
        "guildId": "1118138338562560101",
        "channelId": "1118138338562560102",
        "userToken": "very-secret",
        "coreSize": 3,
        "queueSize": 10,
        "maxQueueSize": 100,
        "interval": 1.2,
        "afterIntervalMin": 1.2,
        "afterIntervalMax": 1.2,
        "weight": 1,
        "dayDrawLimit": -1,
        "timeoutMinutes": 5,
        "enableMj": True,
        "enableNiji": True,
        "allowModes": [],
        "subChannels": [LINK],
    }

    said = operator_api.send(ACCOUNT, body).json()
    again = operator_api.send(ACCOUNT, body).json()

    assert (said["success"], said["message"]) == (True, "操作成功")
    assert (again["success"], again["message"]) == (False, "渠道已存在")
    account = DiscordAccount.objects.get()
    assert (account.max_queue_size, account.timeout_minutes) == (100, 5)
    assert account.sub_channels.count() == 1


def test_it_reads_and_presses_the_settings(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    for path in (
        f"account-sync/{account.pk}",
        f"account-change-version/{account.pk}?version=7",
        f"account-action/{account.pk}?customId={RELAX}&botType=MID_JOURNEY",
    ):
        answer: Any = operator_api.generic("POST", f"/mj/admin/{path}")  # no body
        said = answer.json()
        assert said["success"] is True, said["message"]
    assert AccountQuery.objects.filter(account=account).count() >= 3


def test_it_removes_an_account(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    said: Any = operator_api.delete(f"{ACCOUNT}/{account.pk}").json()

    assert said["success"] is True
    assert operator_api.send(ACCOUNTS, table()).json()["list"] == []


def test_a_verification_is_shown_as_a_lock(operator_api: ApiClient) -> None:
    make_account(state=AccountState.VERIFICATION, state_reason="captcha")

    row = row_of(operator_api)

    assert (row["lock"], row["running"]) == (True, False)
    assert row["disabledReason"] == "captcha"
    assert row["dateCreated"]
    assert (row["cfHashUrl"], row["cfUrl"]) == ("", "")


def test_a_verification_has_its_links(operator_api: ApiClient) -> None:
    account = make_account()
    ack = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
    lock.ask(account.pk, token="tok", ack_url=ack)
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, url="https://x.invalid/?hash=1")

    row = row_of(operator_api)

    assert (row["cfHashUrl"], row["cfUrl"]) == (ack, "https://x.invalid/?hash=1")
    assert row["cfHashCreated"]


@pytest.mark.parametrize("verb", ["get", "put", "delete"])
def test_an_unknown_account_is_said(operator_api: ApiClient, verb: str) -> None:
    said: Any = getattr(operator_api, verb)(f"{ACCOUNT}/77").json()

    assert (said["success"], said["code"]) == (False, -1)
    assert said["message"] == "账号不存在"


def test_before_it_signs_in_it_asks_for_the_announcement(stranger: ApiClient) -> None:
    said = stranger.get("/mj/home", headers={"mj-api-secret": ""}).json()

    assert said["success"] is True
    assert isinstance(said["data"]["tops"], dict)
    assert said["data"]["isRegister"] is said["data"]["isGuest"] is False
    text_in(said["data"], "version")
    assert isinstance(said["data"]["notify"], str)


def test_its_drawing_page_lists_finds_and_removes_tasks(
    operator_api: ApiClient, operator: User, account: DiscordAccount
) -> None:
    state = "midjourney-proxy-admin"
    task = make_finished(operator, account=account, client_state=state)

    def page() -> list[dict[str, Any]]:
        asked = table(state=state, pageNumber=0, statusSet=["SUCCESS"])
        said = operator_api.send("/mj/admin/tasks", asked).json()
        assert said["pagination"]["total"] == len(said["list"])
        rows: list[dict[str, Any]] = said["list"]
        return rows

    (row,) = page()
    assert AdminWebui().read(row).picture
    removed: Any = operator_api.delete(f"/mj/admin/task/{row['id']}").json()
    assert (removed["success"], page()) == (True, [])
    assert task.pk == int(row["id"])
