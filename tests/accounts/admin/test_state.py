from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import AccountState, MailSecurity
from accounts.models import DiscordAccount, MailSettings, User
from accounts.state import changes
from tests.factories import make_account
from tests.mail_server import Mailbox, mail_server

S = AccountState
SETTINGS = "/admin/accounts/mailsettings/"
MAILS = "/admin/accounts/operatormail/"
HISTORY = "/admin/accounts/accountevent/"
PASSWORD = "open-sesame"
TEST = {"accounts_mailsettings_send_test": "1"}


@pytest.fixture
def admin(operator: User) -> Client:
    User.objects.update(is_superuser=True)
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


def text_of(response: Any) -> str:
    assert response.status_code == 200
    text: str = html.unescape(response.content.decode())
    return text


# --- an account's page ---------------------------------------------------------------


def test_the_page_of_an_account_says_what_is_wrong_and_who_must_act(
    admin: Client, account: DiscordAccount
) -> None:
    changes.trouble(account.pk, S.VERIFICATION, "Discord asks for a captcha")
    end = timezone.now() + timedelta(hours=1)

    page = text_of(admin.get(f"/admin/accounts/discordaccount/{account.pk}/change/"))

    assert "Discord asks for a captcha" in page
    assert "需要人工处理 / you" in page
    assert "pass the verification as this account" in page
    assert "Ready → Human verification needed" in page
    other = make_account()
    changes.trouble(other.pk, S.BLOCKED, "for an hour", end)
    page = text_of(admin.get(f"/admin/accounts/discordaccount/{other.pk}/change/"))
    assert f"it goes on by itself at {end:%Y-%m-%d %H:%M} UTC" in page


def test_a_hostile_reason_is_only_text(admin: Client, account: DiscordAccount) -> None:
    reason = "<script>alert(1)</script>"
    changes.trouble(account.pk, S.PAUSED, reason)

    for address in (
        f"/admin/accounts/discordaccount/{account.pk}/change/",
        HISTORY,
        "/admin/",
    ):
        assert reason not in admin.get(address).content.decode()


def test_an_act_is_signed_with_its_persons_name(
    admin: Client, account: DiscordAccount
) -> None:
    data = {"_selected_action": [account.pk]}
    for action in ("disable", "enable"):
        where = "/admin/accounts/discordaccount/"
        admin.post(where, data | {"action": action}, follow=True)

    rows = account.events.order_by("pk").values_list("to_state", "by")
    assert list(rows) == [(S.DISABLED, "olga"), (S.CONNECTING, "olga")]


# --- history -------------------------------------------------------------------------


def test_the_history_is_listed_filtered_and_never_changed(
    admin: Client, account: DiscordAccount
) -> None:
    other = make_account(remark="another one")
    changes.trouble(account.pk, S.PAUSED, "first reason")
    changes.trouble(other.pk, S.INVALID_TOKEN, "second reason")

    assert "second reason" in text_of(admin.get(HISTORY))
    page = text_of(admin.get(f"{HISTORY}?account__id__exact={account.pk}"))
    assert "first reason" in page
    assert "second reason" not in page
    assert "another one" in text_of(
        admin.get(f"{HISTORY}?to_state__exact=invalid_token")
    )
    assert "first reason" in text_of(admin.get(f"{HISTORY}?q=first"))
    event = account.events.get()
    for action in ("change", "delete"):
        address = f"{HISTORY}{event.pk}/{action}/"
        assert admin.post(address, {"post": "yes"}).status_code == 403
    assert admin.get(f"{HISTORY}add/").status_code == 403


# --- the dashboard -------------------------------------------------------------------


def test_the_dashboard_lists_who_waits_for_a_person(admin: Client) -> None:
    paused = make_account(remark="the paused one")
    changes.trouble(paused.pk, S.PAUSED, "a moderator has written")
    rests = make_account(remark="the blocked one")
    end = timezone.now() + timedelta(hours=1)
    changes.trouble(rests.pk, S.BLOCKED, "for an hour", end)
    make_account(remark="the switched off", enabled=False, state=S.DISABLED)

    page = text_of(admin.get("/admin/"))

    (box,) = re.findall(r'data-testid="needs-you">(.*?)</section>', page, re.DOTALL)
    assert "the paused one" in box
    assert "a moderator has written" in box
    assert f"/admin/accounts/discordaccount/{paused.pk}/change/" in box
    assert "do what the reason says" in box
    assert "the blocked one" not in box
    assert "the switched off" not in box


def test_with_nobody_waiting_there_is_no_box(
    admin: Client, account: DiscordAccount
) -> None:
    assert "needs-you" not in text_of(admin.get("/admin/"))


def test_of_many_the_first_are_listed_and_the_rest_counted(admin: Client) -> None:
    for number in range(25):
        make_account(remark=f"broken {number}.", state=S.PAUSED)

    page = text_of(admin.get("/admin/"))

    assert page.count("broken ") == 20
    assert "and 5 more" in page


# --- mail settings -------------------------------------------------------------------


def form(box: Mailbox, **fields: Any) -> dict[str, Any]:
    return {
        "is_on": "on",
        "host": box.host,
        "port": box.port,
        "security": MailSecurity.NONE,
        "user": "olga",
        "new_password": PASSWORD,
        "sender": "mjproxy@example.com",
        "recipients": "olga@example.com\nbob@example.com",
    } | fields


def test_settings_are_saved_and_the_password_is_never_shown(
    admin: Client, box: Mailbox
) -> None:
    admin.post(SETTINGS, form(box))
    admin.post(SETTINGS, form(box, new_password="", user="other"))

    row = MailSettings.get_solo()
    assert (row.is_on, row.user, row.password) == (True, "other", PASSWORD)
    page = text_of(admin.get(SETTINGS))
    assert "One is stored" in page
    assert PASSWORD not in page


def test_wrong_settings_are_named_by_field(admin: Client, box: Mailbox) -> None:
    wrong = form(box, host="", port="70000", recipients="nobody")

    response = admin.post(SETTINGS, wrong)

    errors = response.context["adminform"].form.errors
    assert {"port", "recipients"} <= set(errors)
    assert not MailSettings.objects.filter(is_on=True).exists()


def test_a_test_mail_arrives(admin: Client, box: Mailbox) -> None:
    assert f'name="{next(iter(TEST))}"' in text_of(admin.get(SETTINGS))

    page = text_of(admin.post(SETTINGS, form(box, **TEST), follow=True))

    assert "The server has taken the test mail." in page
    assert box.recipients == [["TO:<olga@example.com>", "TO:<bob@example.com>"]]
    assert box.signed_in == [f"olga:{PASSWORD}"]


@pytest.mark.parametrize("name", ["Zoë's “pictures”", "mjproxy, at home", ""])
def test_a_mail_shows_the_name_of_its_sender(
    admin: Client, box: Mailbox, name: str
) -> None:
    admin.post(SETTINGS, form(box, sender_name=name, **TEST), follow=True)

    sender = box.mails[0]["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, form(box)["sender"])


def test_a_test_mail_that_fails_says_why(admin: Client, box: Mailbox) -> None:
    box.refuses = "554 <b>not you</b>"

    page = admin.post(SETTINGS, form(box, **TEST), follow=True)

    assert "554" in text_of(page)
    assert "<b>not you</b>" not in page.content.decode()
    assert PASSWORD not in text_of(page)


def test_without_a_server_no_test_mail_is_tried(admin: Client, box: Mailbox) -> None:
    nothing = form(box, host="", **TEST)
    del nothing["is_on"]

    page = text_of(admin.post(SETTINGS, nothing, follow=True))

    assert "A server and a sender are needed" in page
    assert box.mails == []


@pytest.mark.parametrize(
    "address", [SETTINGS, HISTORY, "/admin/accounts/operatormail/"]
)
def test_only_operators_come_in(alice: User, address: str) -> None:
    client = Client()
    client.force_login(alice)

    assert client.get(address).status_code == 302
