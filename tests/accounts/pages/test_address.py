"""People change their mail address, as a browser would."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import AccessSettings, MailSettings, User
from tests.accounts.people_of_pages import ANNA, sign_in
from tests.accounts.post import deliver, link_in, open_sign_up
from tests.conftest import ALICES_KEY
from tests.factories import make_user
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db

PAGE = "/account/address"
OLD, NEW = "anna@example.com", "anna@other.example"


@pytest.fixture
def page(anna: User) -> Client:
    """Return a browser in which Anna has just given her password."""
    client = Client()
    sign_in(client, "anna", ANNA["password1"])
    client.post("/account/reauthenticate", {"password": ANNA["password1"]})
    return client


def ask(page: Client, email: str = NEW, **fields: str) -> Any:
    return page.post(PAGE, {"action_add": "", "email": email} | fields)


def addresses(user: User) -> list[tuple[str, bool, bool]]:
    rows: Any = EmailAddress.objects.filter(user=user).order_by("pk")
    return list(rows.values_list("email", "verified", "primary"))


def test_the_address_changes_when_its_link_is_opened(
    page: Client, anna: User, post: Mailbox
) -> None:
    asked = ask(page)

    assert asked["Location"] == PAGE
    anna.refresh_from_db()
    assert anna.email == OLD
    assert NEW in page.get(PAGE).content.decode()
    deliver()
    assert post.mails[-1]["To"] == NEW
    path = link_in(post.text())
    assert NEW in page.get(path).content.decode()
    page.post(path)

    anna.refresh_from_db()
    assert (anna.email, anna.signed_up_as) == (NEW, NEW)
    assert addresses(anna) == [(NEW, True, True)]
    deliver()
    assert post.mails[-1]["To"] == OLD
    assert sign_in(Client(), NEW, ANNA["password1"]).status_code == 302
    assert sign_in(Client(), OLD, ANNA["password1"]).status_code == 403


def test_the_old_address_gets_no_link_for_a_password_any_more(
    page: Client, anna: User, post: Mailbox
) -> None:
    ask(page)
    deliver()
    page.post(link_in(post.text()))
    deliver()
    before = len(post.mails)

    Client().post("/account/password/reset", {"email": OLD})
    Client().post("/account/password/reset", {"email": NEW})
    deliver()

    assert [mail["To"] for mail in post.mails[before:]] == [NEW]


def test_a_change_may_be_dropped_before_it_is_confirmed(
    page: Client, anna: User, post: Mailbox
) -> None:
    ask(page)
    deliver()
    path = link_in(post.text())

    page.post(PAGE, {"action_remove": "", "email": NEW})

    assert addresses(anna) == [(OLD, True, True)]
    page.post(path)
    anna.refresh_from_db()
    assert anna.email == OLD


def test_the_mail_may_be_sent_again(page: Client, anna: User, post: Mailbox) -> None:
    ask(page)
    deliver()
    before = len(post.mails)

    page.post(PAGE, {"action_send": "", "email": NEW})
    deliver()

    # Within minutes only one mail leaves.
    assert len(post.mails) - before in (0, 1)
    assert addresses(anna) == [(OLD, True, True), (NEW, False, False)]


def test_it_asks_for_the_password_first(client: Client, anna: User) -> None:
    sign_in(client, "anna", ANNA["password1"])

    asked = ask(client)

    assert client.get(PAGE)["Location"].startswith("/account/reauthenticate")
    assert asked["Location"].startswith("/account/reauthenticate")
    assert addresses(anna) == [(OLD, True, True)]


def test_who_came_with_a_key_gives_the_password_too(
    anna: User, alice: User, post: Mailbox
) -> None:
    alice.set_password("a-password-of-alice")
    alice.save()
    client = Client()
    client.post("/sign-in", {"key": ALICES_KEY})

    asked = ask(client)

    assert asked["Location"].startswith("/account/reauthenticate")
    assert addresses(alice) == []


@pytest.mark.parametrize("email", ["", "alice@example.com"])
def test_a_key_alone_is_not_enough(alice: User, post: Mailbox, email: str) -> None:
    alice.email = email
    alice.set_unusable_password()
    alice.save()
    client = Client()
    client.post("/sign-in", {"key": ALICES_KEY})

    asked = ask(client)

    assert asked.status_code == 403
    assert NEW not in dict.fromkeys(row[0] for row in addresses(alice))


def test_an_address_of_another_is_never_taken(
    page: Client, anna: User, post: Mailbox
) -> None:
    bob = make_user("bob", email=NEW)
    rows: Any = EmailAddress.objects
    rows.create(user=bob, email=NEW, verified=True, primary=True)

    ask(page)
    deliver()
    if post.mails[-1]["To"] == NEW and "/account/mail/" in post.text():
        page.post(link_in(post.text()))

    anna.refresh_from_db()
    assert anna.email == OLD
    assert addresses(bob) == [(NEW, True, True)]


def test_an_address_in_a_sign_up_that_was_never_confirmed_may_be_taken(
    page: Client, anna: User, post: Mailbox
) -> None:
    make_user("squatter", email=NEW, signed_up_as=NEW)
    ask(page)
    deliver()

    page.post(link_in(post.text()))

    anna.refresh_from_db()
    assert (anna.email, anna.signed_up_as) == (NEW, None)


def test_who_signed_up_stays_within_the_domains(page: Client, anna: User) -> None:
    AccessSettings.objects.all().delete()
    open_sign_up(sign_up_domains="example.com")

    asked = ask(page)

    assert "email" in asked.context["form"].errors
    assert addresses(anna) == [(OLD, True, True)]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", f"{'x' * 250}@example.com", "a\0@example.com", OLD]
)
def test_what_is_no_new_address_is_refused(
    page: Client, anna: User, email: str
) -> None:
    asked = ask(page, email)

    assert asked.context["form"].errors
    assert addresses(anna) == [(OLD, True, True)]


def test_without_a_mail_server_nothing_is_changed(page: Client, anna: User) -> None:
    MailSettings.objects.update(is_on=False)

    assert page.get(PAGE).status_code == 503
    assert ask(page).status_code == 503
    assert addresses(anna) == [(OLD, True, True)]


def test_strangers_are_sent_to_the_sign_in(client: Client) -> None:
    assert ask(client)["Location"].startswith("/sign-in")


@pytest.mark.parametrize("path", ["/account/", "/account/security/"])
@pytest.mark.parametrize("email", ["", "alice@example.com"])
def test_who_has_no_password_is_told_the_way(
    alice: User, post: Mailbox, email: str, path: str
) -> None:
    alice.email = email
    alice.set_unusable_password()
    alice.save()
    client = Client()
    client.post("/sign-in", {"key": ALICES_KEY})

    page = client.get(path).content.decode()

    # A button that leads to a mail, where one can arrive; never to a page that refuses.
    assert ("/account/password/reset" in page) == bool(email)
    assert ("the people who run this server" in page) == (not email)
    assert "/account/security/totp/activate" not in page


def test_who_has_a_password_sets_up_a_second_factor(page: Client) -> None:
    shown = page.get("/account/security/").content.decode()

    assert "/account/security/totp/activate" in shown
