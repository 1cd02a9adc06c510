"""GET and POST /mj/admin/account-cf/{id}, POST /mj/admin/account-cf-notify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import throttle, verification, verification_server
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User, Verification, VerificationSettings
from tasks.api import verification_views
from tests.conftest import OPERATORS_KEY, ApiClient
from tests.factories import make_account
from tests.tasks.streams import ask, read, read_while

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
PAGE = "https://editor.midjourney.com/captcha/challenge/index.html?hash=h&token=t"
NOTIFY = "/mj/admin/account-cf-notify"
SECRET = "shared-secret"
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def locked(account: DiscordAccount) -> DiscordAccount:
    verification.ask(account.pk, token="tok", ack_url=ACK)
    account.refresh_from_db()
    return account


def path(account: DiscordAccount | str, refresh: bool | str | None = None) -> str:
    name = account if isinstance(account, str) else account.pk
    query = "" if refresh is None else f"?refresh={str(refresh).lower()}"
    return f"/mj/admin/account-cf/{name}{query}"


def make(account: DiscordAccount, **outcome: str) -> None:
    """Make the page as the worker does."""
    claimed = verification.claim_page(account.pk)
    assert claimed
    verification.note_page(claimed, **outcome)


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
            verification.passed(locked.pk, by="olga")

    said = await read_while(response, act)

    assert said["success"] is False
    assert said["message"].startswith("生成链接失败")


@pytest.mark.parametrize("refresh", [True, False])
def test_what_is_not_locked_has_no_link(
    operator_api: ApiClient, account: DiscordAccount, refresh: bool
) -> None:
    said = operator_api.get(path(account, refresh=refresh)).json()

    assert (said["success"], said["message"]) == (False, "CF 验证链接不存在")
    verification.ask(account.pk)  # without a challenge
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
    assert verification.is_locked(locked.pk)


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


# --- what a server reports ------------------------------------------------------------


@pytest.fixture
def handed(db: None) -> DiscordAccount:
    row = VerificationSettings.get_solo()
    row.server_url, row.notify_base = "https://verify.example", "https://proxy.example"
    row.secret = SECRET
    row.save()
    account = make_account()
    verification.ask(account.pk, token="tok", ack_url=ACK)
    assert verification_server.claim(account.pk)
    account.refresh_from_db()
    return account


def report(account: DiscordAccount, **members: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "url": ACK,
        "state": account.channel_id,
        "secret": SECRET,
        "notifyHook": "https://proxy.example",
        "success": True,
        "message": "",
    }
    return said | members


def notify(client: ApiClient, body: Any) -> None:
    """Report, and see that the answer is empty as always."""
    response = client.send(NOTIFY, body)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("in_capitals", [False, True])
def test_a_report_with_the_secret_unlocks(
    stranger: ApiClient, handed: DiscordAccount, in_capitals: bool
) -> None:
    body = report(handed)
    if in_capitals:
        body = {name[0].upper() + name[1:]: value for name, value in body.items()}

    notify(stranger, body)

    handed.refresh_from_db()
    assert handed.state == AccountState.CONNECTING


def test_a_failure_is_written_down(stranger: ApiClient, handed: DiscordAccount) -> None:
    notify(stranger, report(handed, success=False, message="no luck"))

    handed.refresh_from_db()
    assert handed.state == AccountState.VERIFICATION
    assert "no luck" in handed.state_reason


def test_a_late_success_is_a_failure(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    Verification.objects.update(asked_at=timezone.now() - timedelta(minutes=11))

    notify(stranger, report(handed))

    handed.refresh_from_db()
    assert "CF 验证过期，超过 10 分钟" in handed.state_reason


@pytest.mark.parametrize(
    "members",
    [
        {"secret": "wrong"},
        {"secret": ""},
        {"secret": None},
        {"secret": 5},
        {"secret": [SECRET]},
        {"secret": {"$ne": ""}},
        {"secret": True},
        {"secret": SECRET + "\x00"},
        {"secret": "x" * 4001},
        {"state": None},
        {"state": ""},
        {"state": 5},
        {"state": ["1"]},
        {"state": "1\x00"},
        {"url": None},
        {"url": "https://evil.example/x"},
        {"url": 5},
        {"url": ACK + "\x00"},
        {"success": "perhaps"},
        {"success": {}},
        {"success": None},
        {"message": 5},
        {"message": "x" * 4001},
        {"message": "\x00"},
    ],
)
def test_a_hostile_report_unlocks_nothing(
    stranger: ApiClient, handed: DiscordAccount, members: dict[str, Any]
) -> None:
    notify(stranger, report(handed, **members))

    assert verification.is_locked(handed.pk)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"secret"',
        b"\xff\xfe",
        b'{"url":"\\ud800"}',
        b"[" * 60_000,
        b'{"message":"' + b"x" * 200_000 + b'"}',
    ],
)
def test_what_is_no_report_is_answered_alike(
    stranger: ApiClient, handed: DiscordAccount, body: bytes
) -> None:
    notify(stranger, body)

    assert verification.is_locked(handed.pk)


def test_a_report_in_a_huge_body_is_not_read(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    body = json.dumps(report(handed)).encode()

    notify(stranger, body + b" " * verification_views.MOST_BYTES)

    assert verification.is_locked(handed.pk)


def test_without_a_secret_the_door_is_closed(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    VerificationSettings.objects.update(secret="")

    for secret in ("", SECRET):
        notify(stranger, report(handed, secret=secret))

    assert verification.is_locked(handed.pk)


def test_a_report_does_not_unlock_another_account(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    other = make_account()
    verification.ask(other.pk, token="oth", ack_url=ACK.replace("tok", "oth"))
    verification_server.claim(other.pk)

    notify(stranger, report(other))

    assert verification.is_locked(other.pk)
    assert verification.is_locked(handed.pk)


def test_a_report_counts_once(stranger: ApiClient, handed: DiscordAccount) -> None:
    notify(stranger, report(handed))
    verification.ask(handed.pk, token="new", ack_url=ACK.replace("tok", "new"))
    verification_server.claim(handed.pk)

    notify(stranger, report(handed))

    assert verification.is_locked(handed.pk)


def test_the_secret_cannot_be_tried_out(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    for number in range(throttle.TRIES_PER_ADDRESS):
        notify(stranger, report(handed, secret=f"guess {number}"))

    notify(stranger, report(handed))

    assert verification.is_locked(handed.pk)
    assert not throttle.too_many_tries(address="127.0.0.1", name=""), "sign-in too"


def test_right_reports_are_not_held_up(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS + 5):
        notify(stranger, report(handed, success=False, message="not yet"))

    notify(stranger, report(handed))

    assert not verification.is_locked(handed.pk)


def test_the_secret_is_in_no_log(
    stranger: ApiClient, handed: DiscordAccount, caplog: pytest.LogCaptureFixture
) -> None:
    notify(stranger, report(handed, secret="wrong-secret"))
    notify(stranger, report(handed, url="https://evil.example/x"))
    notify(stranger, report(handed))

    for word in (SECRET, "wrong-secret", "evil", "tok"):
        assert word not in caplog.text


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_a_post_reports(
    stranger: ApiClient, handed: DiscordAccount, method: str
) -> None:
    assert getattr(stranger, method)(NOTIFY).status_code == 405
