"""Values that no HTTP header can hold are refused at every way in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import DiscordAccount
from accounts.transfer.accounts import Refused, import_file
from mjproxy.lib import sealed_file
from tasks.models import TranslationSettings
from tests.accounts.admin.test_many import PASSPHRASE, act
from tests.accounts.admin.test_people import LIST, form_of
from tests.accounts.api.test_admin_account import BODY, PATH, put
from tests.accounts.api.test_bulk import put as put_many
from tests.conftest import ApiClient
from tests.factories import make_account

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/136.0.0.0"
UNSENDABLE = [
    f"{AGENT} it\u2019s",
    f"{AGENT}\u2026",
    "\u6d4f\u89c8\u5668/1.0",
    f"{AGENT}\nX-Evil: 1",
    f"{AGENT}\r\nX-Evil: 1",
    f"a\tb{AGENT}",
    f"{AGENT}\x00x",
    f"caf\u00e9 {AGENT}",
    f"a\u00a0{AGENT}",
    f"a\x7f{AGENT}",
]
BAD = [("userAgent", text) for text in UNSENDABLE] + [
    ("userToken", "it\u2019s"),
    ("userToken", "a\nb"),
    ("userToken", "two words"),
    ("botToken", "\u4ee4\u724c"),
    ("proxyUrl", "http://us\u00e9r:pass@proxy.example:1"),
    ("proxyUrl", "http://proxy.example:1\r\nX-Evil: 1"),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_new_account_is_refused(
    operator_api: ApiClient, name: str, text: str
) -> None:
    answer = operator_api.send(PATH, BODY | {name: text})

    assert answer.status_code < 500
    assert answer.json()["success"] is False
    assert name in answer.json()["message"]
    assert not DiscordAccount.objects.exists()


@pytest.mark.parametrize(("name", "text"), BAD)
def test_an_edit_is_refused(operator_api: ApiClient, name: str, text: str) -> None:
    account = make_account(user_agent=AGENT, user_token="kept")

    said = put(operator_api, account, {name: text})

    account.refresh_from_db()
    assert said["success"] is False
    assert (account.user_agent, account.user_token) == (AGENT, "kept")
    assert (account.bot_token, account.proxy_url) == ("", "")


@pytest.mark.parametrize("text", UNSENDABLE)
def test_an_edit_of_many_is_refused(operator_api: ApiClient, text: str) -> None:
    account = make_account(user_agent=AGENT)

    said = put_many(
        operator_api, {"ids": [str(account.pk)], "changes": {"userAgent": text}}
    )

    account.refresh_from_db()
    assert said["success"] is False
    assert account.user_agent == AGENT


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, text) for name, text in BAD if name in ("userAgent", "userToken")],
)
def test_an_import_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setattr(sealed_file, "COST", {"n": 2**14, "r": 8, "p": 1})
    row, secrets = dict(BODY), {"userToken": row_token(name, text)}
    del row["userToken"]
    if name == "userAgent":
        row[name] = text
    sealed = sealed_file.seal([row], [secrets], PASSPHRASE)

    with pytest.raises(Refused):
        import_file(sealed, PASSPHRASE, update=False)

    assert not DiscordAccount.objects.exists()


def row_token(name: str, text: str) -> str:
    return text if name == "userToken" else "fine"


@pytest.mark.parametrize("text", UNSENDABLE)
def test_the_form_says_it_at_the_field(admin: Client, text: str) -> None:
    account = make_account(user_agent=AGENT)
    address = f"{LIST}{account.pk}/change/"

    response = admin.post(address, form_of(admin, address) | {"user_agent": text})

    assert set(response.context["adminform"].form.errors) == {"user_agent"}
    account.refresh_from_db()
    assert account.user_agent == AGENT


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("new_user_token", "it\u2019s"),
        ("new_bot_token", "a\u2026"),
        ("new_proxy_url", "http://\u4ee3\u7406:1"),
        ("new_proxy_url", "not a proxy"),
    ],
)
def test_the_form_says_it_at_a_secret(admin: Client, field: str, text: str) -> None:
    account = make_account()
    address = f"{LIST}{account.pk}/change/"

    response = admin.post(address, form_of(admin, address) | {field: text})

    assert set(response.context["adminform"].form.errors) == {field}


@pytest.mark.parametrize("text", UNSENDABLE)
def test_the_table_of_many_refuses_it(admin: Client, text: str) -> None:
    accounts = [make_account(user_agent=AGENT) for _ in range(2)]

    act(
        admin,
        "edit_together",
        *accounts,
        apply="1",
        change_user_agent="on",
        user_agent=text,
    )

    agents = DiscordAccount.objects.values_list("user_agent", flat=True)
    assert set(agents) == {AGENT}


@pytest.mark.parametrize("key", ["it\u2019s", "\u5bc6\u94a5", "sk-\u2026", "two words"])
def test_a_translators_key_is_refused(admin: Client, key: str) -> None:
    address = "/admin/tasks/translationsettings/"

    response = admin.post(address, form_of(admin, address) | {"new_gpt_key": key})

    assert set(response.context["adminform"].form.errors) == {"new_gpt_key"}
    assert TranslationSettings.get_solo().gpt_key == ""


def test_what_a_browser_sends_is_taken(operator_api: ApiClient) -> None:
    said: Any = operator_api.send(PATH, BODY | {"userAgent": f"  {AGENT} "}).json()

    assert said["success"] is True
    assert DiscordAccount.objects.get().user_agent == AGENT
