"""GET and POST /mj/admin/account-cf/{id}."""

from __future__ import annotations

import pytest

from accounts.api import verification_views
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.verification import lock
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account
from tests.tasks.api.streams import ask, read, read_while

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
PAGE = "https://editor.midjourney.com/captcha/challenge/index.html?hash=h&token=t"
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def locked(account: DiscordAccount) -> DiscordAccount:
    lock.ask(account.pk, token="tok", ack_url=ACK)
    account.refresh_from_db()
    return account


def path(account: DiscordAccount | str, refresh: bool | str | None = None) -> str:
    name = account if isinstance(account, str) else account.pk
    query = "" if refresh is None else f"?refresh={str(refresh).lower()}"
    return f"/mj/admin/account-cf/{name}{query}"


def make(account: DiscordAccount, **outcome: str) -> None:
    """Make the page as the worker does."""
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, **outcome)


# --- the link -------------------------------------------------------------------------


def test_an_operator_gets_the_account_with_its_link(
    operator_api: ApiClient, locked: DiscordAccount
) -> None:
    make(locked, url=PAGE)

    said = operator_api.get(path(locked)).json()

    assert (said["success"], said["code"]) == (True, 0)
    data = said["data"]
    assert data["id"] == str(locked.pk)
    assert data["lock"] is True
    assert (data["cfHashUrl"], data["cfUrl"]) == (ACK, PAGE)
    assert data["cfHashCreated"] == locked.verification.asked_at.isoformat()
    by_channel = operator_api.get(path(locked.channel_id, refresh=False)).json()
    assert by_channel["data"] == data


@committed
async def test_a_refresh_waits_for_the_new_link(
    operator: User, locked: DiscordAccount
) -> None:
    response = await ask(path(locked, refresh=True), key=OPERATORS_KEY)

    def made() -> None:
        make(locked, url=PAGE)

    said = await read_while(response, made)

    assert said["success"] is True
    assert said["data"]["cfUrl"] == PAGE


@committed
async def test_a_link_that_cannot_be_made_is_a_failure(
    operator: User, locked: DiscordAccount
) -> None:
    response = await ask(path(locked, refresh="True"), key=OPERATORS_KEY)

    def failed() -> None:
        make(locked, error="the activity host answered 404")

    said = await read_while(response, failed)

    assert (said["success"], said["code"], said["data"]) == (False, -1, None)
    assert said["message"] == "生成链接失败 / the activity host answered 404"


@committed
async def test_a_link_that_does_not_come_is_not_waited_for(
    operator: User, locked: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification_views, "REFRESH_SECONDS", 0.0)

    said = await read(await ask(path(locked, refresh=True), key=OPERATORS_KEY))

    assert said["success"] is False
    assert "生成链接失败 / not done in time" in said["message"]


@committed
@pytest.mark.parametrize("gone", [True, False])
async def test_an_account_that_goes_meanwhile_has_no_link(
    operator: User, locked: DiscordAccount, gone: bool
) -> None:
    response = await ask(path(locked, refresh=True), key=OPERATORS_KEY)

    def act() -> None:
        if gone:
            DiscordAccount.objects.all().delete()
        else:
            lock.passed(locked.pk, by="olga")

    said = await read_while(response, act)

    assert said["success"] is False
    assert said["message"].startswith("生成链接失败")


@pytest.mark.parametrize("refresh", [True, False])
def test_what_is_not_locked_has_no_link(
    operator_api: ApiClient, account: DiscordAccount, refresh: bool
) -> None:
    said = operator_api.get(path(account, refresh=refresh)).json()

    assert (said["success"], said["message"]) == (False, "CF 验证链接不存在")
    lock.ask(account.pk)  # without a challenge
    assert operator_api.get(path(account, refresh=refresh)).json()["success"] is False


@pytest.mark.parametrize("name", ["999", "x", "9" * 30, "%00"])
def test_an_unknown_account_is_refused(
    operator_api: ApiClient, db: None, name: str
) -> None:
    for said in (operator_api.get(path(name)), operator_api.post(path(name))):
        assert said.json()["message"] == "账号不存在"


def test_an_absurd_refresh_is_an_error(
    operator_api: ApiClient, locked: DiscordAccount
) -> None:
    said = operator_api.get(path(locked, refresh="perhaps")).json()

    assert said["success"] is False
    assert "refresh" in said["message"]


def test_users_and_strangers_get_nothing(
    api: ApiClient, stranger: ApiClient, locked: DiscordAccount
) -> None:
    make(locked, url=PAGE)

    for client in (api, stranger):
        for response in (client.get(path(locked)), client.post(path(locked))):
            assert response.status_code == 401
            assert b"captcha" not in response.content
    listed = api.get("/mj/account/list").content
    assert b"captcha" not in listed
    assert lock.is_locked(locked.pk)


# --- done -----------------------------------------------------------------------------


def test_an_operator_says_that_it_is_passed(
    operator_api: ApiClient, locked: DiscordAccount
) -> None:
    for _ in range(2):  # said twice, it does no harm
        said = operator_api.post(path(locked)).json()
        assert said["success"] is True

    locked.refresh_from_db()
    assert locked.state == AccountState.CONNECTING


def test_an_account_that_is_not_locked_stays_as_it_is(
    operator_api: ApiClient, db: None
) -> None:
    account = make_account(enabled=False, state=AccountState.DISABLED)

    assert operator_api.post(path(account)).json()["success"] is True

    account.refresh_from_db()
    assert account.state == AccountState.DISABLED
