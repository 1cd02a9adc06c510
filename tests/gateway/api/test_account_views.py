from __future__ import annotations

from typing import Any

import pytest

from accounts.models import DiscordAccount
from accounts.state import bot_snapshots
from accounts.wire.bot_members import SNAPSHOT_MEMBERS
from gateway.enums import QueryKind
from gateway.models import AccountQuery
from tests.conftest import ApiClient
from tests.gateway.panel import RELAX, settings
from tests.gateway.query_rows import MJ, NIJI

pytestmark = pytest.mark.django_db


def asked() -> list[tuple[str, str, str, str, bool]]:
    fields = ("bot", "kind", "target", "value", "by_hand")
    return list(AccountQuery.objects.order_by("pk").values_list(*fields))


def post(api: ApiClient, path: str) -> dict[str, Any]:
    said: dict[str, Any] = api.send(f"/mj/admin/{path}").json()
    return said


def test_a_reading_is_asked_for(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    said = post(operator_api, f"account-sync/{account.pk}")

    assert (said["success"], said["code"]) == (True, 0)
    assert len(said["data"]["queries"]) == len(asked()) == 4


def test_a_version_is_chosen(operator_api: ApiClient, account: DiscordAccount) -> None:
    path = f"account-change-version/{account.pk}?version=niji%206"

    assert post(operator_api, path)["success"] is True
    assert asked() == [(MJ, QueryKind.SELECT, "", "niji 6", True)]


def test_a_button_is_pressed_at_its_bot(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    path = f"account-action/{account.channel_id}?customId={RELAX}&botType=niji_journey"

    assert post(operator_api, path)["success"] is True
    assert asked() == [(NIJI, QueryKind.PRESS, RELAX, "", True)]


def test_a_command_is_run(operator_api: ApiClient, account: DiscordAccount) -> None:
    body = {"command": "prefer suffix", "value": " --q 2 "}

    said = operator_api.send(f"/mj/admin/account-command/{account.pk}", body).json()

    assert said["success"] is True
    assert asked() == [(MJ, QueryKind.COMMAND, "prefer suffix", "--q 2", True)]


@pytest.mark.parametrize(
    "path",
    [
        "account-sync/{}0",
        "account-sync/x",
        "account-change-version/{}",
        "account-change-version/{}?version=%00",
        "account-action/{}",
        "account-action/{}?customId=%0A",
        "account-action/{}?customId=a&botType=INSIGHT_FACE",
        "account-action/{}?customId=a&botType=7",
        "account-command/{}?command=imagine",
        "account-command/{}",
    ],
)
def test_wrong_calls_are_refused(
    operator_api: ApiClient, account: DiscordAccount, path: str
) -> None:
    said = post(operator_api, path.format(account.pk))

    assert (said["success"], said["code"]) == (False, -1)
    assert said["message"]
    assert asked() == []


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_odd_bodies_are_refused(
    operator_api: ApiClient, account: DiscordAccount, body: Any
) -> None:
    said = operator_api.send(f"/mj/admin/account-action/{account.pk}", body).json()

    assert said["success"] is False


@pytest.mark.parametrize("body", [[], "x", 7, {"customId": {}}, {"botType": [1]}])
def test_a_body_that_the_query_makes_needless_is_looked_at_too(
    operator_api: ApiClient, account: DiscordAccount, body: Any
) -> None:
    path = f"/mj/admin/account-action/{account.pk}?customId={RELAX}&botType=MID_JOURNEY"

    said = operator_api.send(path, body).json()

    assert (said["success"], said["code"]) == (False, -1)
    assert asked() == []


def test_a_disabled_account_cannot_be_asked(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    DiscordAccount.objects.update(enabled=False)

    said = post(operator_api, f"account-sync/{account.pk}")

    assert (said["success"], said["message"]) == (False, "无可用的账号实例")


@pytest.mark.parametrize(
    "path", ["sync", "change-version", "action", "command", "queries"]
)
def test_users_may_not(api: ApiClient, account: DiscordAccount, path: str) -> None:
    method = api.get if path == "queries" else api.send

    assert method(f"/mj/admin/account-{path}/{account.pk}").status_code == 401
    assert asked() == []


def test_what_became_of_it_is_told(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    post(operator_api, f"account-action/{account.pk}?customId={RELAX}")

    (row,) = operator_api.get(f"/mj/admin/account-queries/{account.pk}").json()

    assert (row["kind"], row["target"], row["state"]) == ("press", RELAX, "waiting")


def test_operators_see_what_the_bots_told(
    operator_api: ApiClient, api: ApiClient, account: DiscordAccount
) -> None:
    bot_snapshots.note(
        account.pk,
        MJ,
        properties={"Fast Time Remaining": "1/15.0 hours", "Job Mode": "Fast"},
        components=settings(on=("Fast mode",)),
        version="7",
        switches={"Fast mode": True},
        message_id="1311111111111117000",
        session_id="secret-session",
    )

    path = f"/mj/account/{account.pk}/fetch"
    shown = operator_api.get(path).json()

    assert shown["fastTimeRemaining"] == "1/15.0 hours"
    assert [b["label"] for b in shown["buttons"]][-1] == "Fast mode"
    assert [v["customId"] for v in shown["versionSelector"]] == ["7", "6.1", "niji 6"]
    assert (shown["version"], shown["mjFastModeOn"]) == ("7", True)
    assert "secret-session" not in operator_api.get(path).content.decode()
    assert "buttons" not in api.get(path).json()


def test_an_account_that_was_never_read_has_empty_members(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    shown = operator_api.get(f"/mj/account/{account.pk}/fetch").json()

    assert {member.name for member in SNAPSHOT_MEMBERS} <= set(shown)
    assert (shown["properties"], shown["buttons"]) == ({}, [])
    assert (shown["versionSelector"], shown["version"]) == (None, "")
