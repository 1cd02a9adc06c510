from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.enums import AccountState
from accounts.models import (
    DiscordAccount,
    MailSettings,
    OperatorMail,
    VerificationSettings,
)
from accounts.state import changes, mails
from accounts.state.links import verification_path
from accounts.verification import helper_server, lock
from tests.factories import make_user

ACK = "https://936929561302675456.discordsays.com/captcha/api/c/tell-nobody/ack?hash=1"


@pytest.fixture(autouse=True)
def row(db: None, settings: Any) -> MailSettings:
    settings.PUBLIC_URL = "https://draw.example"
    found: MailSettings = MailSettings.get_solo()
    found.is_on = True
    found.host, found.port = "127.0.0.1", 1
    found.sender, found.recipients = "mjproxy@example.com", "olga@example.com"
    found.save()
    return found


def lock_account(account: DiscordAccount) -> None:
    lock.ask(account.pk, token="tell-nobody", ack_url=ACK)


def reasons() -> list[str]:
    return list(OperatorMail.objects.order_by("pk").values_list("reason", flat=True))


def test_the_mail_leads_to_the_page_and_not_to_the_challenge(
    account: DiscordAccount, row: MailSettings
) -> None:
    lock_account(account)
    claimed = lock.claim_page(account.pk)
    assert claimed
    lock.note_page(claimed, url="https://x.invalid/?hash=tell-nobody")

    message = mails.compose(row, list(OperatorMail.objects.all()))

    assert f"https://draw.example{verification_path(account.pk)}" in message.body
    assert "tell-nobody" not in message.body + str(message.subject)


def test_each_verification_is_mailed_once(account: DiscordAccount) -> None:
    lock_account(account)
    lock_account(account)
    assert len(reasons()) == 1

    lock.passed(account.pk, by="olga")
    lock_account(account)

    assert reasons() == [lock.BY_HAND] * 2


def test_a_servers_failure_is_mailed_once(account: DiscordAccount) -> None:
    VerificationSettings.objects.create(
        server_url="https://verify.example",
        notify_base="https://draw.example",
        secret="shared",
    )
    lock_account(account)
    assert helper_server.claim(account.pk)

    for _ in range(3):
        helper_server.apply_report(
            url=ACK, state=account.channel_id, success=False, message="no luck"
        )

    assert reasons() == [
        lock.BY_SERVER,
        f"{lock.BY_HAND}: no luck",
    ]


def test_the_dashboard_leads_to_the_page(
    account: DiscordAccount, client: Client
) -> None:
    lock_account(account)
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))

    page = client.get("/admin/").content.decode()

    assert f'href="{verification_path(account.pk)}"' in page


def test_the_history_names_who_has_passed_it(account: DiscordAccount) -> None:
    lock_account(account)
    lock.passed(account.pk, by="olga")

    states = list(account.events.order_by("pk").values_list("to_state", "by"))
    assert states == [
        (AccountState.VERIFICATION, ""),
        (AccountState.CONNECTING, "olga"),
    ]


def test_a_heavier_trouble_is_not_a_verification(account: DiscordAccount) -> None:
    changes.trouble(account.pk, AccountState.PAUSED, "a moderator's message")

    lock_account(account)

    account.refresh_from_db()
    assert account.state == AccountState.PAUSED
    assert not lock.passed(account.pk, by="olga")
