from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import DiscordAccount
from accounts.state import bot_snapshots
from gateway.enums import QueryKind
from gateway.models import AccountQuery
from tests.factories import make_user
from tests.gateway.panel import RELAX, settings
from tests.gateway.query_rows import MJ

LIST = "/admin/accounts/discordaccount/"


def asked() -> list[tuple[str, str, str, str]]:
    fields = ("bot", "kind", "target", "value")
    return list(AccountQuery.objects.order_by("pk").values_list(*fields))


def test_the_page_shows_what_the_bots_told(
    admin: Client, account: DiscordAccount
) -> None:
    bot_snapshots.note(
        account.pk,
        MJ,
        properties={"Fast Time Remaining": "<b>1</b>/15.0 hours"},
        components=settings(on=("Relax mode",)),
        version="6.1",
        error="no answer",
    )

    page = admin.get(f"{LIST}{account.pk}/change/").content.decode()

    assert "&lt;b&gt;1&lt;/b&gt;/15.0 hours" in page
    assert '<option value="6.1" selected>' in page
    assert f'value="{RELAX}" aria-pressed="true"' in page
    assert "no answer" in page


def test_an_account_that_was_never_read_has_a_page(
    admin: Client, account: DiscordAccount
) -> None:
    assert "never read" in admin.get(f"{LIST}{account.pk}/change/").content.decode()
    assert "At Midjourney" not in admin.get(f"{LIST}add/").content.decode()


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ({"what": "press", "value": RELAX}, (MJ, QueryKind.PRESS, RELAX, "")),
        ({"what": "version", "value": "7"}, (MJ, QueryKind.SELECT, "", "7")),
        (
            {"what": "suffix", "value": "--q 2"},
            (MJ, QueryKind.COMMAND, "prefer suffix", "--q 2"),
        ),
        (
            {"what": "command", "value": "relax"},
            (MJ, QueryKind.COMMAND, "relax", ""),
        ),
    ],
)
def test_its_buttons_ask(
    admin: Client,
    account: DiscordAccount,
    said: dict[str, str],
    query: tuple[str, str, str, str],
) -> None:
    response = admin.post(f"{LIST}{account.pk}/ask/", {"bot": MJ, **said})

    assert response.status_code == 302
    assert asked() == [query]


def test_it_can_be_read_anew(admin: Client, account: DiscordAccount) -> None:
    admin.post(f"{LIST}{account.pk}/ask/", {"what": "sync"})

    assert len(asked()) == 4


def test_many_accounts_are_read_at_once(admin: Client, account: DiscordAccount) -> None:
    form = {"action": "sync", "_selected_action": [account.pk]}

    page = admin.post(LIST, form, follow=True).content.decode()

    assert "1 account(s) asked." in page
    assert len(asked()) == 4


@pytest.mark.parametrize(
    "said",
    [
        {"what": "press", "bot": MJ, "value": ""},
        {"what": "press", "bot": "x", "value": RELAX},
        {"what": "command", "bot": MJ, "value": "imagine"},
        {"what": "suffix", "bot": MJ, "value": "x" * 1001},
    ],
)
def test_wrong_forms_are_told(
    admin: Client, account: DiscordAccount, said: dict[str, str]
) -> None:
    response = admin.post(f"{LIST}{account.pk}/ask/", said, follow=True)

    assert response.status_code == 200
    assert asked() == []


def test_only_operators_post_and_only_post_asks(
    admin: Client, account: DiscordAccount
) -> None:
    stranger = Client()
    stranger.force_login(make_user("bob"))

    assert admin.get(f"{LIST}{account.pk}/ask/").status_code == 405
    assert admin.post(f"{LIST}999999/ask/").status_code == 404
    assert stranger.post(f"{LIST}{account.pk}/ask/").status_code == 302
    assert asked() == []


def test_questions_have_a_list(admin: Client, account: DiscordAccount) -> None:
    admin.post(f"{LIST}{account.pk}/ask/", {"what": "sync"})

    page = admin.get("/admin/gateway/accountquery/")

    assert page.status_code == 200
