from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User, Verification
from accounts.state.links import verification_path
from accounts.verification import lock
from tests.factories import make_user

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tok/ack?hash=1"
PAGE = "https://editor.midjourney.com/captcha/challenge/index.html?hash=h1&token=t1"


@pytest.fixture
def locked(account: DiscordAccount) -> DiscordAccount:
    lock.ask(account.pk, token="tok", ack_url=ACK)
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, url=PAGE)
    account.refresh_from_db()
    return account


def test_an_operator_gets_the_link(admin: Client, locked: DiscordAccount) -> None:
    response = admin.get(f"/accounts/{locked.pk}/verification")

    page = response.content.decode()
    assert 'href="https://editor.midjourney.com/captcha/challenge/' in page
    assert "?hash=h1&amp;token=t1" in page
    assert 'rel="noopener noreferrer" referrerpolicy="no-referrer"' in page
    assert "just now" in page
    assert ACK not in page
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["alice", ""])
def test_nobody_else_does(
    client: Client, alice: User, locked: DiscordAccount, method: str, who: str
) -> None:
    if who:
        client.force_login(alice)

    response = client.generic(
        method.upper(),
        f"/accounts/{locked.pk}/verification",
        "what=passed",
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?")
    assert lock.is_locked(locked.pk)


def test_a_forged_form_is_refused(locked: DiscordAccount) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))

    response = client.post(f"/accounts/{locked.pk}/verification", {"what": "passed"})

    assert response.status_code == 403
    assert lock.is_locked(locked.pk)


def test_a_person_says_that_it_is_passed(admin: Client, locked: DiscordAccount) -> None:
    form = {"what": "passed"}

    page = admin.post(f"/accounts/{locked.pk}/verification", form, follow=True)

    locked.refresh_from_db()
    assert locked.state == AccountState.CONNECTING
    assert "The account connects again" in page.content.decode()
    again = admin.post(f"/accounts/{locked.pk}/verification", form, follow=True)
    assert "not locked any more" in again.content.decode()


def test_a_new_link_is_made_on_demand(admin: Client, locked: DiscordAccount) -> None:
    form = {"what": "link"}

    page = admin.post(f"/accounts/{locked.pk}/verification", form, follow=True)

    assert Verification.objects.get().wanted_at
    assert 'http-equiv="refresh"' in page.content.decode()
    Verification.objects.update(wanted_at=timezone.now() - timedelta(minutes=1))
    page = admin.get(f"/accounts/{locked.pk}/verification")
    assert 'http-equiv="refresh"' not in page.content.decode()


def test_an_old_link_is_called_void(admin: Client, locked: DiscordAccount) -> None:
    Verification.objects.update(page_at=timezone.now() - timedelta(minutes=31))

    page = admin.get(f"/accounts/{locked.pk}/verification").content.decode()

    assert "probably void" in page
    assert "31\xa0minutes ago" in page


def test_one_without_a_link_is_passed_in_discord(
    admin: Client, account: DiscordAccount
) -> None:
    lock.ask(account.pk)

    page = admin.get(f"/accounts/{account.pk}/verification").content.decode()

    assert "Sign in to Discord" in page
    assert "Make a new link" not in page
    answer = admin.post(
        f"/accounts/{account.pk}/verification", {"what": "link"}, follow=True
    )
    assert "no challenge" in answer.content.decode()


def test_an_account_that_is_not_asked_has_nothing_to_do(
    admin: Client, account: DiscordAccount
) -> None:
    page = admin.get(f"/accounts/{account.pk}/verification").content.decode()

    assert "Nothing is asked" in page
    assert "I have passed it" not in page


def test_what_others_said_is_text(admin: Client, locked: DiscordAccount) -> None:
    Verification.objects.update(error="<script>alert(1)</script>")

    page = admin.get(f"/accounts/{locked.pk}/verification").content.decode()

    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["0", "999", "9" * 30, "x", "-1"])
def test_an_unknown_account_has_no_page(admin: Client, name: str) -> None:
    assert admin.get(f"/accounts/{name}/verification").status_code == 404


def test_the_account_leads_there(admin: Client, locked: DiscordAccount) -> None:
    change = f"/admin/accounts/discordaccount/{locked.pk}/change/"

    assert verification_path(locked.pk) in admin.get(change).content.decode()
    lock.passed(locked.pk, by="olga")
    assert verification_path(locked.pk) not in admin.get(change).content.decode()
