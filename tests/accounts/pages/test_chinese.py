"""Pages in Chinese have no English words; pages in English have no Chinese ones."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone

from accounts.credits.codes import make_batch, redeem
from accounts.enums import BookingKind
from accounts.models import ApiKey, Booking, RedeemBatch, User
from accounts.people.keys import create_key
from tasks.enums import DeliveryState
from tests.accounts.people_of_pages import ANNA, sign_in, sign_up
from tests.accounts.post import deliver
from tests.mail_server import Mailbox
from tests.tasks.pages.test_webhooks import call_of
from tests.texts.shown import english_in, texts_shown

NAMES: Final = {
    *("mjproxy", "Discord", "Midjourney", "niji", "journey", "API", "CSV", "JSON"),
    *("HTTP", "IP", "Token", "Cookie", "anna", "Stripe", "Fast", "Relax", "Turbo"),
    # Values of the wire, as clients know them.
    *("FAST", "RELAX", "SUCCESS", "draw", "read", "account", "admin", "MB"),
    "PIN",
    "XXXX",  # the shape of a code
    "UTC",
}
OWN: Final = [
    "/",
    "/me/keys",
    "/me/usage",
    "/me/credits",
    "/me/credits?before=1",
    "/me/webhooks",
    "/me/webhooks?before=1",
    "/me/data",
    "/account/",
    "/account/address",
    "/account/password",
    "/account/sessions",
    "/account/security/",
    "/account/security/totp/activate/",
    "/account/security/webauthn/",
    "/account/security/webauthn/add/",
]
OPEN: Final = [
    "/sign-in",
    "/account/sign-up",
    "/account/mail",
    "/account/mail/no-such-key",
    "/account/inactive",
    "/account/password/reset",
    "/account/password/reset/done",
    "/nothing/here",
]


def browser(language: str) -> Client:
    return Client(headers={"Accept-Language": language})


def english_on(client: Client, path: str, status: int = 200) -> dict[str, list[str]]:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.headers)
    return english_in(answer.content.decode(), NAMES)


def come_in(client: Client) -> None:
    assert sign_in(client, "anna", ANNA["password1"]).status_code == 302
    client.post("/account/reauthenticate", {"password": ANNA["password1"]})


@pytest.fixture
def full(anna: User) -> User:
    """Return a person whose pages have something in each list."""
    end = timezone.now() + timedelta(days=9)
    create_key(anna, key="12345678-key-of-anna-and-hers", name="7", drawings_a_day=3)
    create_key(anna, key="87654321-key-of-anna-that-ends", expires_at=end)
    ApiKey.objects.filter(name="7").update(
        last_used_at=timezone.now(), drawings_in_total=9
    )
    for kind in BookingKind:
        Booking.objects.create(user=anna, kind=kind, amount=5)
    for state in DeliveryState:
        call_of(anna, state=state, attempts=2, error="")
    return anna


@pytest.mark.parametrize("path", OPEN)
def test_a_page_for_everybody(post: Mailbox, path: str) -> None:
    status = 404 if "nothing" in path else 200

    assert english_on(browser("zh-CN"), path, status) == {}


@pytest.mark.parametrize("path", OWN)
def test_a_page_of_ones_own(full: User, path: str) -> None:
    client = browser("zh-CN")
    come_in(client)

    assert english_on(client, path) == {}


def test_a_redeemed_code_is_shown_in_chinese(anna: User) -> None:
    (code,) = make_batch(RedeemBatch(credits=5, size=1), by="admin")
    redeem(anna.pk, code)
    client = browser("zh-CN")
    come_in(client)

    assert english_on(client, "/me/credits") == {}


@pytest.mark.parametrize("path", [*OPEN, *OWN])
def test_a_page_in_english_has_no_chinese(full: User, path: str) -> None:
    client = browser("en")
    if path in OWN:
        come_in(client)

    texts = texts_shown(client.get(path).content.decode())

    chinese = [text for text in texts if re.search(r"[\u4e00-\u9fff]", text)]
    assert chinese == ["简体中文"]  # the way to the other language


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sign-in", {"username": "anna", "password": "wrong"}),
        ("/sign-in", {"key": "wrong"}),
        ("/account/sign-up", {"email": "x", "password1": "1"}),
        ("/account/password/reset", {"email": "x"}),
        ("/me/keys", {"addresses": "x", "last_day": "y", "drawings_a_day": "z"}),
        ("/me/keys", {"scopes": ["draw"], "last_day": "3999-01-01"}),
        ("/me/credits/redeem", {"code": ""}),
        ("/me/credits/redeem", {"code": "AAAA-BBBB"}),
        ("/me/data/delete", {"confirmation": "wrong"}),
        ("/account/address", {"email": "x", "action_add": ""}),
        ("/account/password", {"oldpassword": "x", "password1": "1"}),
        ("/account/security/totp/activate/", {"code": "1"}),
    ],
)
def test_a_form_that_is_wrong(full: User, path: str, form: dict[str, str]) -> None:
    client = browser("zh-CN")
    if "sign" not in path and "reset" not in path:
        come_in(client)

    answer = client.post(path, form)

    shown = answer.content.decode()
    assert "error" in shown
    assert english_in(shown, NAMES) == {}


@pytest.mark.parametrize(
    "refused",
    [{"is_active": False}, {"expires_at": timezone.now()}, {}],
    ids=["revoked", "expired", "disabled"],
)
def test_a_key_that_may_not_be_used_is_refused_in_chinese(
    anna: User, refused: dict[str, Any]
) -> None:
    create_key(anna, key="12345678-key-of-anna-and-hers")
    if refused:
        ApiKey.objects.filter(owner=anna).update(**refused)
    User.objects.filter(pk=anna.pk).update(is_active=bool(refused))

    answer = browser("zh-CN").post("/sign-in", {"key": "12345678-key-of-anna-and-hers"})

    assert answer.status_code == 403
    assert english_in(answer.content.decode(), NAMES) == {}


def test_what_is_made_is_told_in_chinese(full: User) -> None:
    client = browser("zh-CN")
    come_in(client)

    key = client.post("/me/keys", {"scopes": ["draw"], "name": "8"})
    secret = client.post("/me/webhooks/secret")

    for answer in (key, secret):
        assert 'data-testid="made"' in answer.content.decode()
        assert english_in(answer.content.decode(), NAMES) == {}


def test_mails_are_in_the_language_of_the_page(post: Mailbox) -> None:
    sign_up(browser("zh-CN"))
    deliver()

    text = post.text()
    assert "请打开以下链接确认" in text
    bare = re.sub(r"https?://\S+|\S+@\S+", "", text)
    assert english_in(bare, NAMES) == {}
