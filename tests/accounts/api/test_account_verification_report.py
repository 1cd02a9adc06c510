"""POST /mj/admin/account-cf-notify: what a server of the operator's own reports."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.api import verification_views
from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification, VerificationSettings
from accounts.verification import helper_server, lock
from mjproxy.lib.web import throttle
from tests.conftest import ApiClient
from tests.factories import make_account

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
NOTIFY = "/mj/admin/account-cf-notify"
SECRET = "shared-secret"


@pytest.fixture
def handed(db: None) -> DiscordAccount:
    row = VerificationSettings.get_solo()
    row.server_url, row.notify_base = "https://verify.example", "https://proxy.example"
    row.secret = SECRET
    row.save()
    account = make_account()
    lock.ask(account.pk, token="tok", ack_url=ACK)
    assert helper_server.claim(account.pk)
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
    long_ago = timezone.now() - timedelta(minutes=11)
    Verification.objects.update(asked_at=long_ago)
    DiscordAccount.objects.update(state_since=long_ago)

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

    assert lock.is_locked(handed.pk)


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

    assert lock.is_locked(handed.pk)


def test_a_report_in_a_huge_body_is_not_read(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    body = json.dumps(report(handed)).encode()

    notify(stranger, body + b" " * verification_views.MOST_BYTES)

    assert lock.is_locked(handed.pk)


def test_without_a_secret_every_report_is_refused(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    VerificationSettings.objects.update(secret="")

    for secret in ("", SECRET):
        notify(stranger, report(handed, secret=secret))

    assert lock.is_locked(handed.pk)


def test_a_report_does_not_unlock_another_account(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    other = make_account()
    lock.ask(other.pk, token="oth", ack_url=ACK.replace("tok", "oth"))
    helper_server.claim(other.pk)

    notify(stranger, report(other))

    assert lock.is_locked(other.pk)
    assert lock.is_locked(handed.pk)


def test_a_report_counts_once(stranger: ApiClient, handed: DiscordAccount) -> None:
    notify(stranger, report(handed))
    lock.ask(handed.pk, token="new", ack_url=ACK.replace("tok", "new"))
    helper_server.claim(handed.pk)

    notify(stranger, report(handed))

    assert lock.is_locked(handed.pk)


def test_the_secret_cannot_be_tried_out(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    for number in range(throttle.TRIES_PER_ADDRESS):
        notify(stranger, report(handed, secret=f"guess {number}"))

    notify(stranger, report(handed))

    assert lock.is_locked(handed.pk)
    assert not throttle.too_many_tries(address="127.0.0.1", name=""), "sign-in too"


def test_right_reports_are_not_held_up(
    stranger: ApiClient, handed: DiscordAccount
) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS + 5):
        notify(stranger, report(handed, success=False, message="not yet"))

    notify(stranger, report(handed))

    assert not lock.is_locked(handed.pk)


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
