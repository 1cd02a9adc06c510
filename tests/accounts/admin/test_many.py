from __future__ import annotations

import html
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import DiscordAccount, DomainTag
from tests.factories import make_account

LIST = "/admin/accounts/discordaccount/"
PASSPHRASE = "a long passphrase"
TOKEN = "a-very-secret-token"


def act(admin: Client, action: str, *accounts: DiscordAccount, **form: Any) -> Any:
    ids = [account.pk for account in accounts]
    body = {"action": action, "_selected_action": ids, **form}
    return admin.post(LIST, body, follow=True)


def said(response: Any) -> str:
    return html.unescape(str(response.content, "utf-8"))


def test_the_form_shows_each_field_behind_a_tick(admin: Client) -> None:
    page = said(act(admin, "edit_together", make_account(), make_account()))

    assert "2 accounts" in page
    for name in ("interval", "core_size", "work_time", "group", "allow_modes"):
        assert f'name="change_{name}"' in page
        assert f'name="{name}"' in page
    assert "user_token" not in page


def test_only_what_is_ticked_changes(admin: Client) -> None:
    tag = DomainTag.objects.create(name="foxes")
    accounts = [make_account(remark=name, user_token=TOKEN) for name in ("a", "b")]

    response = act(
        admin,
        "edit_together",
        *accounts,
        apply="1",
        change_interval="on",
        interval="3.5",
        change_group="on",
        group="night",
        change_vertical_domains="on",
        vertical_domains=[tag.pk],
        change_enable_niji="on",  # ticked and not set: off
        remark="not ticked",
        core_size="no number, and not ticked",
    )

    assert "2 account(s) changed" in said(response)
    for account in accounts:
        account.refresh_from_db()
        assert (account.interval, account.group) == (3.5, "night")
        assert account.enable_niji is False
        assert list(account.vertical_domains.all()) == [tag]
        assert account.user_token == TOKEN
        assert account.revision == 0  # its session stays
    assert {account.remark for account in accounts} == {"a", "b"}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "Tick what is to be changed"),
        ({"change_work_time": "on", "work_time": "25:00-9"}, "25:00-9"),
        ({"change_core_size": "on", "core_size": "0"}, "1"),
        ({"change_max_queue_size": "on", "max_queue_size": "-1"}, "0"),
        ({"change_interval": "on", "interval": "nan"}, "number"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    admin: Client, account: DiscordAccount, form: dict[str, str], text: str
) -> None:
    response = act(admin, "edit_together", account, apply="1", **form)

    errors = response.context["form"].errors
    assert text in html.unescape(str(errors))
    account.refresh_from_db()
    assert (account.work_time, account.core_size) == ("", 3)
    assert (account.max_queue_size, account.interval) == (100, 1.2)


def test_an_account_that_does_not_fit_is_named_and_none_is_changed(
    admin: Client,
) -> None:
    fits = make_account(after_interval_max=9)
    other = make_account(remark="short pauses", after_interval_max=1)
    form = {"change_after_interval_min": "on", "after_interval_min": "5"}

    response = act(admin, "edit_together", fits, other, apply="1", **form)

    assert "short pauses: Not below the shortest pause" in said(response)
    mins = DiscordAccount.objects.values_list("after_interval_min", flat=True)
    assert set(mins) == {0.0}


def test_all_pages_of_a_filtered_list_are_meant_by_select_across(
    admin: Client,
) -> None:
    inside = [make_account(group="night") for _ in range(3)]
    outside = make_account(group="day")
    body = {
        "action": "edit_together",
        "_selected_action": [inside[0].pk],
        "select_across": "1",
    }
    page = admin.post(f"{LIST}?group=night", body)
    body |= {"apply": "1", "change_sort": "on", "sort": "7"}

    admin.post(f"{LIST}?group=night", body)

    assert "3 accounts" in said(page)
    assert set(DiscordAccount.objects.filter(sort=7)) == set(inside)
    assert outside.sort == 0


def test_a_file_is_written_and_read_again(admin: Client) -> None:
    account = make_account(remark="first", user_token=TOKEN)
    form = {"apply": "1", "passphrase": PASSPHRASE, "again": PASSPHRASE}

    written = act(admin, "export_accounts", account, **form)
    account.delete()
    sent = {
        "file": SimpleUploadedFile("accounts.json", written.content),
        "passphrase": PASSPHRASE,
    }
    response = admin.post(f"{LIST}import-accounts/", sent, follow=True)

    assert "attachment" in written["Content-Disposition"]
    assert TOKEN not in written.content.decode()
    assert "1 account(s) added" in said(response)
    found = DiscordAccount.objects.get()
    assert (found.remark, found.user_token) == ("first", TOKEN)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"passphrase": "short", "again": "short"}, "passphrase"),
        ({"passphrase": PASSPHRASE, "again": PASSPHRASE + "x"}, "again"),
        ({}, "passphrase"),
    ],
)
def test_a_passphrase_is_long_and_typed_twice(
    admin: Client, account: DiscordAccount, form: dict[str, str], field: str
) -> None:
    response = act(admin, "export_accounts", account, apply="1", **form)

    assert field in response.context["form"].errors


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", b"\xff" * 100])
def test_what_is_no_file_of_accounts_is_refused(admin: Client, data: bytes) -> None:
    sent = {"file": SimpleUploadedFile("x.json", data), "passphrase": PASSPHRASE}

    response = admin.post(f"{LIST}import-accounts/", sent)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert PASSPHRASE not in said(response)


def test_the_list_leads_to_the_import(admin: Client, account: DiscordAccount) -> None:
    page = said(admin.get(LIST))

    assert f"{LIST}import-accounts/" in page
    assert "Import…" in page


def test_a_user_gets_nowhere(alice: Any) -> None:
    client = Client()
    client.force_login(alice)

    response = client.get(f"{LIST}import-accounts/")

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")
