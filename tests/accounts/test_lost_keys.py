"""With the encryption key lost the operator signs in and enters every secret again."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from accounts.enums import AccountState
from accounts.models import (
    DiscordAccount,
    MailSettings,
    User,
    Verification,
    VerificationSettings,
)
from accounts.people.users import ensure_operator
from gateway.models import GatewaySettings
from mjproxy.lib.db.key_rotation import stored, unreadable
from tasks.models import TranslationSettings
from tasks.services import fail
from tests.conftest import ApiClient
from tests.factories import make_account, make_task
from tests.tasks.webhook_calls import claimed

PAGES = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/discordaccount/",
    "/admin/accounts/mailsettings/",
    "/admin/accounts/verificationsettings/",
    "/admin/gateway/gatewaysettings/",
    "/admin/tasks/drawingsettings/",
    "/admin/tasks/translationsettings/",
    "/admin/tasks/task/",
    "/",
]


@pytest.fixture
def account(db: None) -> DiscordAccount:
    return make_account(bot_token="bot", proxy_url="http://u:p@proxy.example:1")


@pytest.fixture
def admin(account: DiscordAccount, settings: Any) -> Client:
    """Store secrets of every kind, lose their key, and sign in as the operator."""
    password = ensure_operator()
    Verification.objects.create(account=account, token="t", ack_url="https://a.example")
    MailSettings(password="mail").save()
    VerificationSettings(secret="shared", server_url="https://v.example").save()
    GatewaySettings(proxy_url="http://proxy.example:1").save()
    TranslationSettings(gpt_key="key", baidu_secret="hush").save()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    client = Client()
    signed_in = client.post("/sign-in", {"username": "admin", "password": password})
    assert signed_in.status_code == 302
    assert len(unreadable()) == len(list(stored())) > 9
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers(admin: Client, page: str) -> None:
    answer = admin.get(page, follow=True)

    assert answer.status_code == 200


def test_a_new_token_is_entered_in_the_admin(
    admin: Client, account: DiscordAccount
) -> None:
    DiscordAccount.objects.update(state=AccountState.INVALID_TOKEN)
    page = f"/admin/accounts/discordaccount/{account.pk}/change/"
    fields = admin.get(page).context["adminform"].form
    form = {name: fields[name].value() for name in fields.fields}
    form = {k: v for k, v in form.items() if v is not None and v is not False}
    asked = admin.get(page).content.decode()

    answer = admin.post(page, form | {"new_user_token": "new", "remove_proxy_url": "1"})

    assert "fits no encryption key: enter it again" in asked
    assert answer.status_code == 302
    row = DiscordAccount.objects.get()
    assert (row.user_token, row.proxy_url) == ("new", "")
    assert row.state == AccountState.CONNECTING


def test_a_new_token_is_entered_by_the_api(
    admin: Client, account: DiscordAccount, operator_api: ApiClient
) -> None:
    path = f"/mj/admin/account/{account.pk}"

    listed = operator_api.send("/mj/admin/accounts", {})
    told = operator_api.put(
        path,
        {"userToken": "new", "remove": ["proxyUrl"]},
        content_type="application/json",
    )

    assert listed.json()["list"][0]["id"] == str(account.pk)
    assert told.json()["success"] is True, told.json()
    row = DiscordAccount.objects.get()
    assert (row.user_token, row.proxy_url) == ("new", "")


def test_another_edit_is_no_edit_of_the_connection(
    admin: Client, account: DiscordAccount, operator_api: ApiClient
) -> None:
    before = DiscordAccount.objects.get().revision
    path = f"/mj/admin/account/{account.pk}"

    told = operator_api.put(path, {"weight": 3}, content_type="application/json")

    assert told.json()["success"] is True, told.json()
    row = DiscordAccount.objects.get()
    assert (row.weight, row.revision) == (3, before)


def test_a_hook_is_not_called_without_a_signature(admin: Client) -> None:
    owner = User.objects.get(username="admin")
    task = make_task(owner, notify_hook="https://hook.example/")
    fail(task.pk, "no luck")

    assert claimed(task).secret == ""


@pytest.mark.usefixtures("admin")
def test_the_verification_page_is_the_operators_still(
    account: DiscordAccount, operator_api: ApiClient
) -> None:
    DiscordAccount.objects.update(state=AccountState.VERIFICATION)
    operator_api.force_login(User.objects.get(username="admin"))

    assert operator_api.get(f"/accounts/{account.pk}/verification").status_code == 200
