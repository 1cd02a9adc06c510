from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.editing import save
from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification, VerificationSettings
from accounts.signals import verification_due
from accounts.state import changes
from accounts.verification import lock
from tests.factories import make_account

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
HALF_AN_HOUR = lock.LINK_LIFE + timedelta(seconds=1)


@pytest.fixture
def due() -> Any:
    """The accounts that somebody was told to attend to."""
    told: list[int] = []

    def take(account_id: int, **_: Any) -> None:
        told.append(account_id)

    verification_due.connect(take)
    yield told
    verification_due.disconnect(take)


def lock_account(
    account: DiscordAccount, token: str = "tok", ack_url: str = ACK
) -> bool:
    locked = lock.ask(account.pk, token=token, ack_url=ack_url)
    account.refresh_from_db()
    return locked


def age(account: DiscordAccount, **times: timedelta) -> None:
    moments = {name: timezone.now() - ago for name, ago in times.items()}
    Verification.objects.filter(account=account).update(**moments)


# --- locked ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_account_is_locked_and_its_page_wanted(due: list[int]) -> None:
    account = make_account()

    assert lock_account(account)

    assert account.state == AccountState.VERIFICATION
    assert account.state_reason == lock.BY_HAND
    assert account.verification.wanted_at
    assert due == [account.pk]


def test_the_challenge_is_encrypted_in_its_columns(account: DiscordAccount) -> None:
    lock_account(account, token="tell-nobody", ack_url="https://x.invalid/tell-nobody")
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, url="https://x.invalid/?hash=tell-nobody")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_verification")
        assert "tell-nobody" not in str(cursor.fetchall())


def test_the_first_challenge_stays_while_a_person_may_be_at_it(
    account: DiscordAccount,
) -> None:
    lock_account(account)

    assert not lock_account(account, token="other", ack_url="https://x.invalid/other")

    assert account.verification.token == "tok"


@pytest.mark.parametrize("void", [{"asked_at": HALF_AN_HOUR}, {}])
def test_a_void_challenge_gives_way_to_a_new_one(
    account: DiscordAccount, void: dict[str, timedelta]
) -> None:
    lock_account(account, *(() if void else ("", "")))
    age(account, **void)
    DiscordAccount.objects.update(state_since=Verification.objects.get().asked_at)

    assert not lock_account(account, token="new", ack_url="https://x.invalid/new")

    assert Verification.objects.get(account=account).token == "new"


@pytest.mark.parametrize(
    "fields",
    [
        {"enabled": False, "state": AccountState.DISABLED},
        {"state": AccountState.INVALID_TOKEN},
    ],
)
def test_an_account_that_is_off_stays_off(db: None, fields: dict[str, Any]) -> None:
    account = make_account(**fields)

    assert not lock_account(account)

    assert account.state == fields["state"]
    assert not Verification.objects.exists()


def test_a_locked_account_does_not_become_ready_by_itself(
    account: DiscordAccount,
) -> None:
    lock_account(account)

    assert not changes.set_state(account.pk, AccountState.READY)

    assert lock.is_locked(account.pk)


def test_a_challenge_of_before_is_not_that_of_now(account: DiscordAccount) -> None:
    lock_account(account)
    save.set_enabled(account, enabled=True)  # passed it over
    changes.trouble(account.pk, AccountState.VERIFICATION, "a captcha of Discord's")
    account = DiscordAccount.objects.get(pk=account.pk)

    assert lock.members(account)["cfHashUrl"] == ""
    assert lock.due() == []
    assert not lock.want_page(account.pk)
    assert lock.claim_page(account.pk) is None
    assert not lock_account(account, token="new", ack_url="https://x.invalid/new")
    account = DiscordAccount.objects.get(pk=account.pk)
    assert lock.members(account)["cfHashUrl"] == "https://x.invalid/new"


# --- unlocked -------------------------------------------------------------------------


def test_a_passed_account_connects_again_without_its_challenge(
    account: DiscordAccount,
) -> None:
    lock_account(account)
    before = account.revision

    assert lock.passed(account.pk, by="olga")

    account.refresh_from_db()
    assert (account.state, account.state_reason) == (AccountState.CONNECTING, "")
    assert account.revision == before + 1
    row = Verification.objects.get(account=account)
    assert (row.token, row.ack_url, row.page_url, row.wanted_at) == ("", "", "", None)
    assert row.passed_at


def test_what_is_not_locked_is_not_unlocked(account: DiscordAccount) -> None:
    assert not lock.passed(account.pk, by="olga")

    account.refresh_from_db()
    assert account.state == AccountState.READY


def test_an_older_challenge_does_not_unlock_a_newer_one(
    account: DiscordAccount,
) -> None:
    lock_account(account)
    older = account.verification.asked_at - timedelta(minutes=5)

    assert not lock.passed(account.pk, by="olga", asked_at=older)

    assert lock.is_locked(account.pk)
    assert lock.passed(account.pk, by="olga", asked_at=account.verification.asked_at)


def test_an_account_that_is_asked_again_is_locked_again(
    account: DiscordAccount,
) -> None:
    lock_account(account)
    lock.passed(account.pk, by="olga")

    assert lock_account(account, token="new", ack_url="https://x.invalid/new")

    row = Verification.objects.get(account=account)
    assert row.token == "new"
    assert row.passed_at


# --- the page -------------------------------------------------------------------------


def test_a_page_is_made_by_one(account: DiscordAccount) -> None:
    lock_account(account)

    first = lock.claim_page(account.pk)

    assert first
    assert lock.claim_page(account.pk) is None
    lock.note_page(first, url="https://x.invalid/?hash=1")
    row = Verification.objects.get(account=account)
    assert row.page_url == "https://x.invalid/?hash=1"
    assert row.page_at
    assert lock.claim_page(account.pk) is None


def test_a_maker_that_died_leaves_the_page_to_others(account: DiscordAccount) -> None:
    lock_account(account)
    lock.claim_page(account.pk)

    assert lock.due() == []
    age(account, claimed_until=timedelta(seconds=1))

    assert lock.due() == [account.pk]
    assert lock.claim_page(account.pk)


def test_a_page_that_cannot_be_made_leaves_the_older_one(
    account: DiscordAccount,
) -> None:
    lock_account(account)
    first = lock.claim_page(account.pk)
    assert first
    lock.note_page(first, url="https://x.invalid/?hash=1")
    assert lock.want_page(account.pk)
    second = lock.claim_page(account.pk)
    assert second

    lock.note_page(second, error="it answered 500")

    row = Verification.objects.get(account=account)
    assert (row.page_url, row.error) == ("https://x.invalid/?hash=1", "it answered 500")
    assert lock.due() == []


def test_a_page_of_an_older_challenge_comes_too_late(account: DiscordAccount) -> None:
    lock_account(account)
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.passed(account.pk, by="olga")
    lock_account(account, token="new", ack_url="https://x.invalid/new")

    lock.note_page(claimed, url="https://x.invalid/?hash=old")

    row = Verification.objects.get(account=account)
    assert row.page_url == ""
    assert row.wanted_at


def test_no_page_is_wanted_without_a_challenge(account: DiscordAccount) -> None:
    assert not lock.want_page(account.pk)
    lock_account(account, token="", ack_url="")
    assert not lock.want_page(account.pk)
    assert lock.due() == []


def test_a_page_is_wanted_once(account: DiscordAccount) -> None:
    lock_account(account)
    before = account.verification.wanted_at

    assert lock.want_page(account.pk)

    assert Verification.objects.get(account=account).wanted_at == before


# --- on the wire ----------------------------------------------------------------------


def test_a_locked_account_shows_its_members(account: DiscordAccount) -> None:
    lock_account(account)
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, url="https://x.invalid/?hash=1")
    account = DiscordAccount.objects.get(pk=account.pk)

    assert lock.members(account) == {
        "lock": True,
        "cfHashUrl": ACK,
        "cfHashCreated": account.verification.asked_at.isoformat(),
        "cfUrl": "https://x.invalid/?hash=1",
    }


def test_other_accounts_cost_nothing(
    account: DiscordAccount, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        shown = lock.members(account)

    assert shown == {
        "lock": False,
        "cfHashUrl": "",
        "cfHashCreated": None,
        "cfUrl": "",
    }


def test_a_list_of_locked_ones_costs_one_more_query(
    db: None, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        lock_account(make_account())

    with django_assert_num_queries(2):
        rows = DiscordAccount.objects.prefetch_related(lock.ALONG)
        shown = [lock.members(account) for account in rows]

    assert [each["cfHashUrl"] for each in shown] == [ACK] * 3


def test_members_survive_a_lost_key(account: DiscordAccount, settings: Any) -> None:
    lock_account(account)
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    account = DiscordAccount.objects.defer("user_token", "bot_token", "proxy_url").get()

    assert lock.members(account)["cfHashUrl"] == ""


def test_a_server_is_told_only_if_all_is_set(account: DiscordAccount) -> None:
    row = VerificationSettings.get_solo()
    row.server_url, row.notify_base = "https://verify.example", "https://proxy.example"
    row.save()
    assert lock.server_settings() is None

    row.secret = "shared"
    row.save()

    assert lock.server_settings() == row
    lock_account(account)
    assert account.state_reason == lock.BY_SERVER
    assert account.verification.hand_at
    assert account.verification.wanted_at is None
