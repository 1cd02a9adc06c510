from __future__ import annotations

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tests.conftest import ApiClient
from tests.factories import make_account, make_task

FOR_OPERATORS = {"remark", "state", "disabledReason", "runningCount", "guildId"}


def test_a_user_sees_which_accounts_draw(
    api: ApiClient, account: DiscordAccount
) -> None:
    (found,) = api.get("/mj/account/list").json()

    assert found["instanceId"] == account.channel_id
    assert found["running"] is True
    assert not FOR_OPERATORS & set(found)


def test_an_operator_sees_state_and_load(operator_api: ApiClient, alice: User) -> None:
    account = make_account(
        remark="first",
        state=AccountState.PAUSED,
        state_reason="captcha",
        fast_exhausted=True,
    )
    make_task(alice, account=account)
    make_task(alice, account=account, status=TaskStatus.IN_PROGRESS)

    (found,) = operator_api.get("/mj/account/list").json()

    assert (found["remark"], found["state"]) == ("first", "paused")
    assert found["disabledReason"] == "captcha"
    assert found["fastExhausted"] is True
    assert (found["runningCount"], found["queueCount"]) == (1, 1)
    assert found["running"] is False


def test_one_account_is_found_by_its_id_and_by_its_channel(
    operator_api: ApiClient, account: DiscordAccount
) -> None:
    for name in (account.pk, account.channel_id):
        found = operator_api.get(f"/mj/account/{name}/fetch").json()
        assert found["id"] == str(account.pk)


def test_an_unknown_account_is_204(api: ApiClient) -> None:
    for name in ("999", "x", "9" * 19, "9" * 40):
        assert api.get(f"/mj/account/{name}/fetch").status_code == 204


def test_no_token_is_ever_shown(operator_api: ApiClient) -> None:
    account = make_account(
        user_token="SECRET-u", bot_token="SECRET-b", proxy_url="http://SECRET:p@x"
    )

    for path in ("/mj/account/list", f"/mj/account/{account.pk}/fetch"):
        assert b"SECRET" not in operator_api.get(path).content


def test_a_stranger_sees_nothing(stranger: ApiClient) -> None:
    assert stranger.get("/mj/account/list").status_code == 401
