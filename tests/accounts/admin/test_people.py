from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import ports
from accounts.editing.sub_channels import lines_of
from accounts.enums import AccountState, PriorityClass
from accounts.models import ApiKey, AuditEntry, DiscordAccount, User
from tests.factories import make_account, make_user, user_of_key

LIST = "/admin/accounts/discordaccount/"
TOKEN = "a-very-secret-token"


def form_of(admin: Client, address: str) -> dict[str, Any]:
    """Return what a browser would send back from the form at `address`."""
    fields = admin.get(address).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    return {k: v for k, v in values.items() if v is not None and v is not False}


def messages_of(response: Any) -> str:
    return html.unescape(" ".join(str(m) for m in response.context["messages"]))


def columns() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_discordaccount")
        return str(cursor.fetchall())


def test_an_account_needs_three_fields_only(admin: Client) -> None:
    form = form_of(admin, f"{LIST}add/") | {
        "guild_id": "1118138338562560101",
        "channel_id": "1118138338562560102",
        "new_user_token": TOKEN,
    }

    response = admin.post(f"{LIST}add/", form, follow=True)

    account = DiscordAccount.objects.get()
    assert account.user_token == TOKEN
    assert account.revision == 1  # written by the service: the gateway sees it
    assert TOKEN not in response.content.decode()
    assert TOKEN not in columns()


def test_a_wrong_field_is_named(admin: Client) -> None:
    form = form_of(admin, f"{LIST}add/") | {"guild_id": "7", "channel_id": "x"}

    response = admin.post(f"{LIST}add/", form)

    errors = response.context["adminform"].form.errors
    assert set(errors) == {"guild_id", "channel_id", "new_user_token"}
    assert not DiscordAccount.objects.exists()


def test_tokens_stay_when_left_empty_and_are_never_shown(admin: Client) -> None:
    account = make_account(user_token=TOKEN, bot_token="b" + TOKEN)
    address = f"{LIST}{account.pk}/change/"

    page = admin.get(address).content.decode()
    form = form_of(admin, address) | {"remark": "renamed"}
    response = admin.post(address, form)

    account.refresh_from_db()
    assert response.status_code == 302
    assert account.remark == "renamed"
    assert (account.user_token, account.bot_token) == (TOKEN, "b" + TOKEN)
    assert TOKEN not in page
    assert "One is stored" in page


def test_a_new_token_takes_the_place_of_the_old_one(admin: Client) -> None:
    account = make_account(state=AccountState.INVALID_TOKEN, enabled=True)
    address = f"{LIST}{account.pk}/change/"

    admin.post(address, form_of(admin, address) | {"new_user_token": TOKEN})

    account.refresh_from_db()
    assert account.user_token == TOKEN
    assert account.state == AccountState.CONNECTING
    history = admin.get(f"{LIST}{account.pk}/history/").content.decode()
    assert TOKEN not in history
    assert TOKEN not in str(list(AuditEntry.objects.values()))


def test_an_optional_secret_can_be_removed(admin: Client) -> None:
    account = make_account(bot_token=TOKEN, proxy_url="http://user:pass@proxy:1")
    address = f"{LIST}{account.pk}/change/"

    admin.post(address, form_of(admin, address) | {"remove_bot_token": "on"})

    account.refresh_from_db()
    assert account.bot_token == ""
    assert account.proxy_url == "http://user:pass@proxy:1"


def test_a_token_that_cannot_be_decrypted_can_be_entered_again(admin: Client) -> None:
    account = make_account()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_discordaccount SET user_token = 'broken'")
    address = f"{LIST}{account.pk}/change/"

    page = admin.get(address)
    admin.post(address, form_of(admin, address) | {"new_user_token": TOKEN})

    assert "enter it again" in page.content.decode()
    assert admin.get(LIST).status_code == 200
    assert DiscordAccount.objects.get().user_token == TOKEN


def test_the_list_costs_as_many_queries_with_many_accounts(
    admin: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    memory: None,
) -> None:
    for number in range(30):
        make_account(remark=f"account {number}")
    admin.get(LIST)  # settings are kept in memory

    # The session, its user, the groups of the filter, two counts, the page.
    with django_assert_num_queries(7):
        response = admin.get(LIST)

    assert "account 29" in response.content.decode()


@pytest.mark.parametrize(
    ("action", "enabled", "state"),
    [
        ("enable", True, AccountState.CONNECTING),
        ("disable", False, AccountState.DISABLED),
    ],
)
def test_actions_switch_accounts(
    admin: Client, action: str, enabled: bool, state: AccountState
) -> None:
    account = make_account(state=AccountState.PAUSED)

    response = admin.post(
        LIST, {"action": action, "_selected_action": [account.pk]}, follow=True
    )

    account.refresh_from_db()
    assert (account.enabled, account.state) == (enabled, state)
    assert "1 account(s)" in messages_of(response)


def test_reconnect_counts_the_revision_up(admin: Client) -> None:
    account = make_account()

    admin.post(LIST, {"action": "connect_again", "_selected_action": [account.pk]})

    before = account.revision
    account.refresh_from_db()
    assert account.revision == before + 1


def test_a_new_key_is_shown_once(admin: Client, alice: User) -> None:
    form = {"owner": alice.pk, "name": "laptop", "scopes": ["draw", "read"]}

    response = admin.post("/admin/accounts/apikey/add/", form, follow=True)

    match = re.search(r"<code>(\S+)</code>", messages_of(response))
    assert match
    assert user_of_key(match[1]) == alice
    key = ApiKey.objects.get(name="laptop")
    page = admin.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    assert match[1] not in page
    assert key.digest not in page


def test_a_new_user_can_sign_webhooks_and_a_new_secret_is_shown_once(
    admin: Client,
) -> None:
    form = {
        "username": "carol",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
        "is_staff": "on",
    }
    admin.post("/admin/accounts/user/add/", form)
    carol = User.objects.get(username="carol")
    first = carol.webhook_secret

    response = admin.post(
        "/admin/accounts/user/",
        {"action": "renew_webhook_secret", "_selected_action": [carol.pk]},
        follow=True,
    )

    carol.refresh_from_db()
    assert first.startswith("whsec_")
    assert carol.webhook_secret != first
    assert carol.webhook_secret in messages_of(response)
    assert carol.is_superuser
    page = admin.get(f"/admin/accounts/user/{carol.pk}/change/").content.decode()
    assert carol.webhook_secret not in page


def test_a_users_priority_is_chosen_on_their_page(admin: Client, alice: User) -> None:
    address = f"/admin/accounts/user/{alice.pk}/change/"
    form = form_of(admin, address)
    assert "priority" not in form

    answer = admin.post(address, form | {"priority": PriorityClass.HIGH.value})

    alice.refresh_from_db()
    assert answer.status_code == 302
    assert alice.priority == PriorityClass.HIGH
    assert "High" in admin.get("/admin/accounts/user/").content.decode()


def test_the_admin_sends_strangers_to_the_one_sign_in(client: Client, db: None) -> None:
    response = client.get("/admin/accounts/user/", follow=True)

    assert response.redirect_chain[-1][0] == "/sign-in?next=/admin/accounts/user/"
    assert client.post("/admin/login/").status_code == 302


def test_a_user_without_rights_is_told_so(client: Client, alice: User) -> None:
    client.force_login(alice)

    response = client.get("/admin/", follow=True)

    assert "may not open that page" in response.content.decode()


@pytest.mark.parametrize(
    "page",
    [
        "admin:index",
        "admin:accounts_user_changelist",
        "admin:accounts_user_add",
        "admin:accounts_apikey_changelist",
        "admin:accounts_apikey_add",
        "admin:accounts_accesssettings_changelist",
        "admin:accounts_poolsettings_changelist",
        "admin:accounts_domaintag_changelist",
        "admin:accounts_domaintag_add",
        "admin:tasks_drawingsettings_changelist",
        "admin:tasks_translationsettings_changelist",
        "admin:tasks_bannedwordgroup_changelist",
        "admin:gateway_gatewaysettings_changelist",
        "admin:gateway_gatewaysession_changelist",
        "admin:gateway_dispatchlane_changelist",
        "admin:gateway_commandindex_changelist",
        "admin:gateway_gatewayprocess_changelist",
    ],
)
def test_each_page_opens(admin: Client, page: str) -> None:
    assert admin.get(reverse(page)).status_code == 200


# --- channels, and what Discord says of them ------------------------------------------

SUB = "https://discord.com/channels/1201000000000000001/1201000000000000011"


def test_sub_channels_are_lines_of_text(admin: Client, account: DiscordAccount) -> None:
    address = f"{LIST}{account.pk}/change/"
    lines = f"{SUB}, the second studio\n\n{SUB[:-1]}2"

    response = admin.post(address, form_of(admin, address) | {"sub_channels": lines})

    assert response.status_code == 302
    written = [f"{SUB}, the second studio", f"{SUB[:-1]}2"]
    assert lines_of(account) == written
    assert form_of(admin, address)["sub_channels"] == "\n".join(written)

    admin.post(address, form_of(admin, address) | {"remark": "renamed"})
    assert lines_of(account) == written


def test_emptied_sub_channels_are_gone(admin: Client, account: DiscordAccount) -> None:
    address = f"{LIST}{account.pk}/change/"
    admin.post(address, form_of(admin, address) | {"sub_channels": SUB})

    admin.post(address, form_of(admin, address) | {"sub_channels": ""})

    assert lines_of(account) == []


@pytest.mark.parametrize("lines", ["a channel", f"{SUB}\n{SUB}", "<own>"])
def test_a_wrong_sub_channel_is_named(
    admin: Client, account: DiscordAccount, lines: str
) -> None:
    own = f"https://discord.com/channels/{account.guild_id}/{account.channel_id}"
    address = f"{LIST}{account.pk}/change/"
    form = form_of(admin, address) | {"sub_channels": lines.replace("<own>", own)}

    response = admin.post(address, form)

    assert set(response.context["adminform"].form.errors) == {"sub_channels"}
    assert lines_of(account) == []


def test_what_discord_finds_wrong_stands_at_its_field(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"user_token": ["No."], "channel_id": ["Nor."], "proxy_url": ["Never."]}
    monkeypatch.setattr(ports.account_check, "_answer", lambda account, channels: wrong)
    form = form_of(admin, f"{LIST}add/") | {
        "guild_id": "1118138338562560101",
        "channel_id": "1118138338562560102",
        "new_user_token": TOKEN,
        "sub_channels": SUB,
    }

    response = admin.post(f"{LIST}add/", form)

    errors = response.context["adminform"].form.errors
    assert set(errors) == {"new_user_token", "channel_id", "new_proxy_url"}
    assert TOKEN not in response.content.decode()
    assert not DiscordAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_discord_is_asked_once_and_in_no_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def check(account: DiscordAccount, channels: Any) -> dict[str, list[str]]:
        assert not connection.in_atomic_block
        asked.append((account.user_token, channels))
        return {}

    monkeypatch.setattr(ports.account_check, "_answer", check)
    client = Client()
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))
    account = make_account()
    address = f"{LIST}{account.pk}/change/"

    client.post(address, form_of(client, address) | {"new_user_token": TOKEN})

    own = [(account.guild_id, account.channel_id)]
    assert asked == [(TOKEN, {"channel_id": own, "sub_channels": []})]
    account.refresh_from_db()
    assert account.user_token == TOKEN


@pytest.mark.parametrize(
    ("link", "wrong"),
    [("https://discord.gg/abc", set()), ("x", {"permanent_invitation_link"})],
)
def test_an_invitation_is_kept_and_checked(
    admin: Client, account: DiscordAccount, link: str, wrong: set[str]
) -> None:
    address = f"{LIST}{account.pk}/change/"
    form = form_of(admin, address) | {"permanent_invitation_link": link}

    response = admin.post(address, form)

    context = response.context
    errors = context["adminform"].form.errors if context else {}
    assert set(errors) == wrong
    account.refresh_from_db()
    assert account.permanent_invitation_link == ("" if wrong else link)
