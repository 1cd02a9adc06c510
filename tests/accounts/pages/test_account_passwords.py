"""People set new passwords and end their sessions, as a browser would."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import (
    User,
)
from tests.accounts.people_of_pages import ANNA, sign_in
from tests.accounts.post import deliver, link_in
from tests.conftest import ALICES_KEY
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db

OTHER = "another horse battery"


# --- passwords ------------------------------------------------------------------------


def ask_for_password(client: Client, email: str = "anna@example.com") -> Any:
    return client.post("/account/password/reset", {"email": email})


def set_password(client: Client, box: Mailbox, password: str = OTHER) -> Any:
    """Follow the link of the last mail to the form, and send it."""
    deliver()
    form = client.get(link_in(box.text()), follow=True)
    fields = {"password1": password, "password2": password}
    return client.post(form.context["action_url"], fields)


def test_a_new_password_by_mail(client: Client, anna: User, post: Mailbox) -> None:
    ask_for_password(client)

    answer = set_password(client, post)

    assert answer["Location"] == "/account/password/reset/done"
    assert sign_in(Client(), "anna", ANNA["password1"]).status_code == 403
    assert sign_in(Client(), "anna", OTHER).status_code == 302


def test_open_sessions_end_with_the_old_password(
    client: Client, anna: User, post: Mailbox
) -> None:
    old = Client()
    sign_in(old, "anna", ANNA["password1"])
    assert old.get("/mj/task/list").status_code == 200
    ask_for_password(client)

    set_password(client, post)

    assert old.get("/mj/task/list").status_code == 401
    assert old.get("/account/").status_code == 302


def test_changing_it_keeps_this_session_and_ends_others(
    client: Client, anna: User
) -> None:
    other = Client()
    for page in (client, other):
        sign_in(page, "anna", ANNA["password1"])
    form = {"oldpassword": ANNA["password1"], "password1": OTHER, "password2": OTHER}

    wrong = client.post("/account/password", form | {"oldpassword": "wrong"})
    answer = client.post("/account/password", form)

    assert "oldpassword" in wrong.context["form"].errors
    assert answer["Location"] == "/account/"
    assert client.get("/mj/task/list").status_code == 200
    assert other.get("/mj/task/list").status_code == 401


def test_a_link_for_a_password_is_good_once(
    client: Client, anna: User, post: Mailbox
) -> None:
    ask_for_password(client)
    set_password(client, post)

    again = Client().get(link_in(post.text()), follow=True)

    assert again.context["token_fail"]


def test_a_stranger_hears_the_same_and_gets_no_mail(
    client: Client, anna: User, post: Mailbox
) -> None:
    sent = len(post.mails)
    known = ask_for_password(client)
    unknown = ask_for_password(Client(), "nobody@example.com")

    assert known["Location"] == unknown["Location"] == "/account/password/reset/mail"
    deliver()
    assert [mail["To"] for mail in post.mails[sent:]] == ["anna@example.com"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "testserver:evil.example"},
        {"host": "testserver", "x-forwarded-host": "evil.example"},
        {"host": "testserver", "forwarded": "host=evil.example"},
        {"host": "testserver", "x-original-host": "evil.example"},
    ],
)
def test_no_header_leads_a_link_elsewhere(
    anna: User, post: Mailbox, headers: dict[str, str]
) -> None:
    Client(headers=headers).post(
        "/account/password/reset", {"email": "anna@example.com"}
    )
    deliver()

    assert "evil" not in "".join(post.text(n) for n in range(len(post.mails)))


def test_where_any_host_is_believed_no_link_is_sent(
    client: Client, anna: User, post: Mailbox, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    sent = len(post.mails)

    answer = client.post(
        "/account/password/reset",
        {"email": "anna@example.com"},
        headers={"host": "evil.example"},
    )

    assert answer.status_code == 503
    deliver()
    assert len(post.mails) == sent
    settings.PUBLIC_URL = "https://draw.example.com"
    ask_for_password(client)
    deliver()
    assert "https://draw.example.com/account/password/reset/" in post.text()


def test_a_session_by_key_cannot_set_a_first_password(
    client: Client, alice: User
) -> None:
    alice.set_unusable_password()
    alice.save()
    client.post("/sign-in", {"key": ALICES_KEY})

    answer = client.get("/account/password", follow=True)

    assert answer.redirect_chain[-1][0] == "/account/password/reset"


# --- sessions -------------------------------------------------------------------------


def test_all_other_sessions_can_be_ended(client: Client, anna: User) -> None:
    others = [Client(), Client()]
    for page in (client, *others):
        sign_in(page, "anna", ANNA["password1"])
    others[0].cookies["sessionid"] = "noise"

    listed = client.get("/account/sessions")
    client.post("/account/sessions")

    assert listed.context["session_count"] >= 3
    assert client.get("/mj/task/list").status_code == 200
    assert [page.get("/mj/task/list").status_code for page in others] == [401, 401]


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/account/password",
        "/account/password/none",
        "/account/sessions",
        "/account/security/",
        "/account/security/totp/activate/",
        "/account/security/webauthn/add/",
        "/account/security/recovery-codes/",
        "/account/reauthenticate",
    ],
)
def test_strangers_are_sent_to_the_sign_in(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "path",
    [
        "/account/login/",
        "/account/email/",
        "/account/signup/",
        "/account/password/set/",
        "/account/phone/change/",
        "/account/login/code/",
        "/account/security/webauthn/signup/",
    ],
)
def test_other_pages_of_the_library_have_no_address(admin: Client, path: str) -> None:
    assert admin.get(path).status_code == 404
