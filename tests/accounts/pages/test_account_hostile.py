"""Whatever is thrown at the pages of people: none breaks, none has a script."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import (
    User,
)
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db

PAGES = [
    "/sign-in",
    "/account/sign-up",
    "/account/mail",
    "/account/mail/x",
    "/account/password",
    "/account/password/reset",
    "/account/password/reset/mail",
    "/account/password/reset/1/set-password",
    "/account/password/reset/zzzzzzzzzzzzzzzzzzzz/x",
    "/account/reauthenticate",
    "/account/sessions",
    "/account/security/",
    "/account/security/authenticate/",
    "/account/security/reauthenticate/",
    "/account/security/totp/activate/",
    "/account/security/totp/deactivate/",
    "/account/security/recovery-codes/",
    "/account/security/recovery-codes/generate/",
    "/account/security/recovery-codes/download/",
    "/account/security/webauthn/add/",
    "/account/security/webauthn/keys/1/remove/",
    "/account/security/webauthn/keys/99999999999999999999/edit/",
]
NONSENSE = ["", "\x00", "\ud7ff\U0010ffff", "%00%ff", "x" * 20_000, "[]", "{}", "'--"]
FIELDS = [
    *("username", "password", "key", "next", "email", "password1", "password2"),
    *("oldpassword", "invitation", "code", "credential", "name", "passwordless"),
    *("action", "uidb36", "login"),
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("signed", [False, True], ids=["stranger", "user"])
def test_no_page_breaks(post: Mailbox, path: str, signed: bool, anna: User) -> None:
    page = Client()
    if signed:
        page.force_login(anna)

    for text in NONSENSE:
        for answer in (
            page.get(path, {"next": text, "email": text}),
            page.post(path, dict.fromkeys(FIELDS, text)),
            page.post(path, text, content_type="application/json"),
        ):
            assert answer.status_code < 500, (text[:20], answer.content[:300])

    assert User.objects.count() == 1


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_script_or_style_of_their_own(
    post: Mailbox, path: str, anna: User
) -> None:
    page = Client()
    page.force_login(anna)

    for answer in (page.get(path), Client().get(path)):
        text = answer.content.decode()
        scripts = re.findall(r"<script\b[^>]*>", text)
        inline = [each for each in scripts if " src=" not in each]
        assert all('type="application/json"' in each for each in inline)
        assert not re.search(r"<style|<[^>]+\s(style|on\w+)=", text)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            assert "script-src 'self';" in answer["Content-Security-Policy"]
            assert "no-store" in answer["Cache-Control"]
