from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.editing import save
from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification, VerificationSettings
from accounts.state import changes
from accounts.verification import helper_server, lock
from accounts.verification.helper_server import MOST_TRIES, ClaimedCall
from tests.factories import make_account

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
SECRET = "shared-secret"


@pytest.fixture(autouse=True)
def server(db: None) -> VerificationSettings:
    row: VerificationSettings = VerificationSettings.get_solo()
    row.server_url, row.notify_base = "https://verify.example/", "https://proxy.example"
    row.secret = SECRET
    row.save()
    return row


@pytest.fixture
def locked(account: DiscordAccount) -> DiscordAccount:
    lock.ask(account.pk, token="tok", ack_url=ACK)
    account.refresh_from_db()
    return account


def row_of(account: DiscordAccount) -> Verification:
    account.refresh_from_db()
    return Verification.objects.get(account=account)


def age(account: DiscordAccount, **ago: timedelta) -> None:
    moments = {name: timezone.now() - time for name, time in ago.items()}
    Verification.objects.filter(account=account).update(**moments)


def told(account: DiscordAccount) -> ClaimedCall:
    handing = helper_server.claim(account.pk)
    assert handing
    return handing


def hear(account: DiscordAccount, **said: Any) -> bool:
    report: dict[str, Any] = {
        "url": ACK,
        "state": account.channel_id,
        "success": True,
        "message": "",
    }
    return helper_server.apply_report(**(report | said))


# --- told -----------------------------------------------------------------------------


def test_the_server_is_told_once_at_a_time(locked: DiscordAccount) -> None:
    handing = told(locked)

    assert handing.url == "https://verify.example/cf/verify"
    assert handing.body == {
        "url": ACK,
        "state": locked.channel_id,
        "notifyHook": "https://proxy.example",
        "secret": SECRET,
        "success": False,
        "message": "",
    }
    assert helper_server.claim(locked.pk) is None
    assert lock.due() == []


def test_an_accepted_one_is_told_no_more(locked: DiscordAccount) -> None:
    helper_server.note_answer(told(locked))

    row = row_of(locked)
    assert row.accepted_at
    assert row.hand_at
    assert row.hand_at > timezone.now() + timedelta(minutes=9)
    assert helper_server.claim(locked.pk) is None


def test_after_four_refusals_a_person_is_called(locked: DiscordAccount) -> None:
    for _ in range(MOST_TRIES):
        assert locked.state_reason == lock.BY_SERVER
        helper_server.note_answer(told(locked), "HTTP 503")
        age(locked, hand_at=timedelta(seconds=1))
        locked.refresh_from_db()

    row = row_of(locked)
    assert row.tries == MOST_TRIES
    assert row.wanted_at, "no link is made for a person"
    assert locked.state == AccountState.VERIFICATION
    assert "HTTP 503" in locked.state_reason
    assert helper_server.claim(locked.pk) is None


def test_a_worker_that_died_at_the_last_try_leaves_no_gap(
    locked: DiscordAccount,
) -> None:
    for _ in range(MOST_TRIES):
        told(locked)
        age(locked, hand_at=timedelta(seconds=1))

    assert helper_server.claim(locked.pk) is None

    row = row_of(locked)
    assert (row.hand_at, bool(row.wanted_at)) == (None, True)
    assert helper_server.NOT_TAKEN in locked.state_reason


def test_a_server_that_never_reports_is_not_waited_for(locked: DiscordAccount) -> None:
    helper_server.note_answer(told(locked))
    age(locked, hand_at=timedelta(seconds=1))

    assert helper_server.claim(locked.pk) is None

    assert row_of(locked).wanted_at
    assert helper_server.SILENT in locked.state_reason


def test_a_server_that_was_taken_out_is_not_told(
    locked: DiscordAccount, server: VerificationSettings
) -> None:
    server.server_url = ""
    server.save()

    assert helper_server.claim(locked.pk) is None

    assert row_of(locked).wanted_at


def test_nobody_is_told_of_an_unlocked_account(locked: DiscordAccount) -> None:
    lock.passed(locked.pk, by="olga")

    assert helper_server.claim(locked.pk) is None


def test_a_late_answer_to_an_earlier_try_changes_nothing(
    locked: DiscordAccount,
) -> None:
    first = told(locked)
    age(locked, hand_at=timedelta(seconds=1))
    told(locked)

    helper_server.note_answer(first, "timed out")

    assert row_of(locked).error == ""


# --- heard ----------------------------------------------------------------------------


def test_success_lets_the_account_go_on(locked: DiscordAccount) -> None:
    told(locked)

    assert hear(locked)

    locked.refresh_from_db()
    assert locked.state == AccountState.CONNECTING


def test_success_counts_once(locked: DiscordAccount) -> None:
    told(locked)
    hear(locked)

    assert not hear(locked)
    lock.ask(locked.pk, token="new", ack_url=ACK.replace("tok", "new"))
    told(locked)
    assert not hear(locked)

    assert lock.is_locked(locked.pk)


def test_success_after_ten_minutes_is_a_failure(locked: DiscordAccount) -> None:
    told(locked)
    age(locked, asked_at=timedelta(minutes=10, seconds=1))
    DiscordAccount.objects.update(state_since=Verification.objects.get().asked_at)

    assert hear(locked)

    assert row_of(locked).failed_at
    assert locked.state == AccountState.VERIFICATION
    assert "CF 验证过期，超过 10 分钟" in locked.state_reason


def test_a_failure_keeps_the_lock_with_its_reason(locked: DiscordAccount) -> None:
    told(locked)

    assert hear(locked, success=False, message="no\x00 luck\r\n" + "x" * 3000)

    row = row_of(locked)
    assert row.wanted_at
    assert locked.state == AccountState.VERIFICATION
    assert locked.state_reason.startswith(f"{lock.BY_HAND}: no luck xxx")
    assert len(row.error) <= 200


def test_a_failure_without_words_has_a_reason(locked: DiscordAccount) -> None:
    told(locked)

    assert hear(locked, success=False)

    locked.refresh_from_db()
    assert locked.state_reason.endswith(": failed")


@pytest.mark.parametrize(
    "said",
    [
        {"url": ""},
        {"url": "https://evil.example/captcha/api/c/tok/ack?hash=1"},
        {"url": ACK + "&x=1"},
        {"url": "\x00"},
        {"url": "é"},
        {"state": ""},
        {"state": "\x00"},
        {"state": "1 OR 1=1"},
        {"state": "9" * 4000},
        {"state": "１２３"},
    ],
)
@pytest.mark.parametrize("success", [True, False])
def test_a_report_about_something_else_changes_nothing(
    locked: DiscordAccount, said: dict[str, str], success: bool
) -> None:
    told(locked)
    before = row_of(locked)

    assert not hear(locked, **said, success=success)

    after = row_of(locked)
    assert (after.failed_at, after.error) == (before.failed_at, before.error)
    assert locked.state_reason == lock.BY_SERVER


def test_a_report_about_another_account_changes_nothing(locked: DiscordAccount) -> None:
    other = make_account()
    lock.ask(other.pk, token="oth", ack_url=ACK.replace("tok", "oth"))
    told(locked)
    told(other)

    assert not hear(locked, state=other.channel_id)

    assert lock.is_locked(locked.pk)
    assert lock.is_locked(other.pk)


def test_what_was_never_handed_over_cannot_be_reported(locked: DiscordAccount) -> None:
    assert not hear(locked)

    assert lock.is_locked(locked.pk)


def test_success_does_not_unlock_what_came_later(locked: DiscordAccount) -> None:
    told(locked)
    save.set_enabled(locked, enabled=True)
    changes.trouble(locked.pk, AccountState.VERIFICATION, "a captcha of Discord's")

    assert not hear(locked)

    assert lock.is_locked(locked.pk)


@pytest.mark.parametrize("secret", ["", "shared-secre", "shared-secret ", "é", "\x00"])
def test_only_the_secret_is_the_secret(secret: str) -> None:
    assert not helper_server.is_secret(secret)
    assert helper_server.is_secret(SECRET)


@pytest.mark.parametrize("secret", ["", "x"])
def test_without_a_secret_nobody_has_it(
    server: VerificationSettings, secret: str
) -> None:
    server.secret = ""
    server.save()

    assert not helper_server.is_secret(secret)
