"""People sign up and confirm their address, as a browser would."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import (
    AccessSettings,
    Invitation,
    MailSettings,
    PersonMail,
    User,
    UserGroup,
)
from accounts.signup import invitations
from tests.accounts.people_of_pages import ANNA, confirm, sign_in, sign_up, signed_in
from tests.accounts.post import deliver, link_in, open_sign_up, set_up
from tests.conftest import PATIENCE
from tests.factories import make_user
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db

# --- sign-up --------------------------------------------------------------------------


def test_a_person_signs_up_and_comes_in(client: Client, post: Mailbox) -> None:
    answer = sign_up(client)

    assert answer["Location"] == "/account/mail"
    assert b"Look into your mail" in client.get("/account/mail").content
    assert not signed_in(client)
    came_in = confirm(client, post)
    assert came_in["Location"] == "/"
    assert signed_in(client)
    user = User.objects.get(signed_up_as="anna@example.com")
    assert (user.username, user.email) == ("anna", "anna@example.com")
    assert user.registered_from == "127.0.0.1"
    assert user.webhook_secret.startswith("whsec_")
    assert not user.is_staff
    assert EmailAddress.objects.get().verified
    assert [mail["To"] for mail in post.mails] == ["anna@example.com"]


def test_in_another_browser_the_link_only_confirms(
    client: Client, post: Mailbox
) -> None:
    sign_up(client)
    elsewhere = Client()

    answer = confirm(elsewhere, post)

    assert answer["Location"].endswith("/sign-in")
    assert not signed_in(elsewhere)
    assert sign_in(elsewhere, "anna@example.com", ANNA["password1"])["Location"] == "/"
    assert signed_in(elsewhere)


def test_nobody_comes_in_with_an_address_that_is_not_confirmed(
    client: Client, post: Mailbox
) -> None:
    sign_up(client)

    answer = sign_in(Client(), "anna@example.com", ANNA["password1"])

    assert answer["Location"] == "/account/mail"
    assert not signed_in(client)


def test_looking_at_the_link_confirms_nothing(client: Client, post: Mailbox) -> None:
    """Mail servers open links, to look for viruses."""
    sign_up(client)
    deliver()

    client.get(link_in(post.text()))

    assert not EmailAddress.objects.get().verified


def test_a_link_is_good_once_and_no_other_is(client: Client, post: Mailbox) -> None:
    sign_up(client)
    deliver()
    path = link_in(post.text())
    wrong = ["/account/mail/x", path[:-1], f"{path}x", "/account/mail/MQ:1:x"]

    for each in wrong:
        assert b"not valid any more" in Client().get(each).content
        assert Client().post(each).status_code == 404
    Client().post(path)
    again = Client().get(path)

    assert b"not valid any more" in again.content


@pytest.mark.parametrize(
    "close",
    [
        lambda settings: AccessSettings.objects.update(sign_up=False),
        lambda settings: MailSettings.objects.update(is_on=False),
        lambda settings: setattr(settings, "ALLOWED_HOSTS", ["*"]),
    ],
)
def test_sign_up_is_closed_unless_mails_lead_here(
    client: Client, post: Mailbox, settings: Settings, close: Callable[[Any], object]
) -> None:
    close(settings)

    answer = sign_up(client)

    assert b"Sign-up is closed" in answer.content
    assert not User.objects.exists()


def test_it_is_closed_by_default(client: Client, db: None) -> None:
    assert b"Sign-up is closed" in client.get("/account/sign-up").content
    assert b"to-sign-up" not in client.get("/sign-in").content


def test_it_cannot_be_opened_without_a_mail_server(db: None) -> None:
    with pytest.raises(ValidationError, match="mail server"):
        open_sign_up()


def test_a_mail_server_that_is_down_loses_no_sign_up(
    client: Client, post: Mailbox
) -> None:
    MailSettings.objects.update(port=1)

    sign_up(client)
    deliver()

    page = client.get("/account/mail").content
    assert b'data-testid="delayed"' in page
    MailSettings.objects.update(port=post.port)
    PersonMail.objects.update(next_attempt_at="2020-01-01T00:00Z")
    confirm(client, post)
    assert signed_in(client)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b@example.com"}, "email"),
        ({"email": "anna@example.com\nBcc: x@example.com"}, "email"),
        ({"email": f"{'a' * 300}@example.com"}, "email"),
        ({"email": ""}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password123"}, "password1"),
        ({"password1": ""}, "password1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, post: Mailbox, fields: dict[str, str], name: str
) -> None:
    answer = sign_up(client, **fields)

    assert list(answer.context["form"].errors) == [name]
    assert not User.objects.exists()
    assert not PersonMail.objects.exists()


def test_a_form_cannot_make_an_operator(client: Client, post: Mailbox) -> None:
    sign_up(client, is_staff="on", is_superuser="on", username="admin", priority="1")

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.priority) == (False, False, None)
    assert user.username == "anna"


def test_too_many_tries_are_told_when_to_come_again(
    client: Client, post: Mailbox
) -> None:
    for _ in range(20):
        sign_up(client, email="")

    answer = sign_up(client, email="")

    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert b"Too many tries" in answer.content


def test_names_of_other_people_stay_theirs(client: Client, post: Mailbox) -> None:
    make_user("Anna")

    sign_up(client)

    user = User.objects.get(signed_up_as="anna@example.com")
    assert user.username.lower().startswith("anna")
    assert user.username.lower() != "anna"


@pytest.mark.parametrize(
    ("domain", "may"),
    [
        ("example.com", True),
        ("EXAMPLE.com", True),
        ("example.org", True),
        ("sub.example.com", False),
        ("notexample.com", False),
        ("example.com.evil.net", False),
    ],
)
def test_only_listed_domains_sign_up(
    client: Client, post: Mailbox, domain: str, may: bool
) -> None:
    open_sign_up(sign_up_domains="Example.com\n@example.org, other.net")

    sign_up(client, email=f"anna@{domain}")

    assert User.objects.exists() == may


@pytest.mark.parametrize("text", ["*", "a b.c/d", "http://example.com", "x" * 70])
def test_a_list_of_domains_holds_domains(db: None, text: str) -> None:
    row = AccessSettings(sign_up_domains=text)

    with pytest.raises(ValidationError, match="no domain"):
        row.full_clean()


# --- invitations and groups -----------------------------------------------------------


def invitation(**fields: Any) -> str:
    return invitations.make_code(Invitation(**fields))


def test_new_people_are_in_the_group_of_the_settings(
    client: Client, post: Mailbox
) -> None:
    group = UserGroup.objects.create(name="new people")
    open_sign_up(sign_up_group=group)

    sign_up(client)

    assert User.objects.get().group == group


def test_an_invitation_lets_one_person_in(client: Client, post: Mailbox) -> None:
    open_sign_up(invitation_needed=True)
    group = UserGroup.objects.create(name="friends")
    code = invitation(group=group)

    without = sign_up(client)
    first = sign_up(client, invitation=code)
    second = sign_up(Client(), email="bob@example.com", invitation=code)

    assert "invitation" in without.context["form"].errors
    assert first.status_code == 302
    assert "invitation" in second.context["form"].errors
    assert User.objects.get().group == group


@pytest.mark.parametrize("code", ["inv_unknown", "x" * 101, "inv_\x00"])
def test_a_wrong_invitation_is_said(client: Client, post: Mailbox, code: str) -> None:
    invitation()

    answer = sign_up(client, invitation=code)

    assert list(answer.context["form"].errors) == ["invitation"]
    assert not User.objects.exists()


def test_without_invitations_no_field_asks_for_one(
    client: Client, post: Mailbox
) -> None:
    assert b"invitation" not in client.get("/account/sign-up").content


def test_a_mistake_uses_no_invitation_up(client: Client, post: Mailbox) -> None:
    code = invitation()

    sign_up(client, invitation=code, password1="short")

    assert Invitation.objects.get().uses_left == 1


def at_once(*calls: Callable[[], object]) -> None:
    """Make calls in threads that start together."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        gate.wait(PATIENCE)
        try:
            call()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_the_last_use_of_an_invitation_lets_one_of_many_in(box: Mailbox) -> None:
    set_up(box)
    open_sign_up(invitation_needed=True)
    code = invitation()
    answers: list[int] = []

    def come(number: int) -> None:
        fields = {"email": f"p{number}@example.com", "invitation": code}
        answer = sign_up(Client(REMOTE_ADDR=f"192.0.2.{number}"), **fields)
        answers.append(answer.status_code)

    at_once(*(lambda n=n: come(n) for n in range(8)))

    assert sorted(answers) == [200] * 7 + [302]
    assert User.objects.count() == PersonMail.objects.count() == 1
    assert Invitation.objects.get().uses_left == 0


# --- known addresses ------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_address_at_once_makes_one_user(box: Mailbox) -> None:
    set_up(box)
    open_sign_up()
    answers: list[str] = []

    def come(number: int) -> None:
        address = "anna@example.com" if number % 2 else "ANNA@example.com"
        page = Client(REMOTE_ADDR=f"192.0.2.{number}")
        answers.append(sign_up(page, email=address)["Location"])

    at_once(*(lambda n=n: come(n) for n in range(8)))

    assert answers == ["/account/mail"] * 8
    assert User.objects.count() == 1


def test_a_known_address_is_answered_like_a_new_one(
    client: Client, post: Mailbox
) -> None:
    make_user("anna", email="anna@example.com", password="!")
    new = sign_up(Client(), email="berta@example.com")
    deliver()

    known = sign_up(client)

    assert (known.status_code, known["Location"]) == (new.status_code, new["Location"])
    pages = [each.get("/account/mail").content for each in (client, Client())]
    assert without_tokens(pages[0]) == without_tokens(pages[1])
    deliver()
    assert post.mails[-1]["To"] == "anna@example.com"
    assert "which has an account already" in post.text()
    assert User.objects.count() == 2


def test_it_takes_as_long_as_a_new_one(
    client: Client, post: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow part is the hash of the password, so it is made in both cases."""
    hashed: list[str] = []
    monkeypatch.setattr(User, "set_password", lambda _, text: hashed.append(text))
    make_user("anna", email="anna@example.com")

    sign_up(client)

    assert hashed == [ANNA["password1"]]


def without_tokens(page: bytes) -> str:
    return re.sub(r'value="\w{64}"', "", page.decode())
