from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from accounts.credits import ledger
from accounts.limits import meter
from accounts.models import Booking, User
from tests.accounts.admin.test_people import messages_of

USERS = "/admin/accounts/user/"
BOOKINGS = "/admin/accounts/booking/"


def act(admin: Client, action: str, *users: User, **form: str) -> object:
    chosen = [str(user.pk) for user in users]
    sent: dict[str, Any] = {"action": action, ACTION_CHECKBOX_NAME: chosen}
    sent |= {"form": str(uuid.uuid4())}
    sent |= form
    return admin.post(USERS, sent, follow=True)


def test_an_operator_adds_credits_with_a_note(
    admin: Client, alice: User, bob: User
) -> None:
    asked = act(admin, "add_credits", alice, bob)
    form = {"apply": "1", "amount": "50", "note": "a gift"}
    done = act(admin, "add_credits", alice, bob, **form)

    assert b"2 users" in asked.content  # type: ignore[attr-defined]
    assert "done for 2 user(s)" in messages_of(done)
    assert (meter.balance(alice.pk), meter.balance(bob.pk)) == (50, 50)
    row = Booking.objects.get(user=alice)
    assert (row.kind, row.by, row.note) == ("add", "olaf", "a gift")


@pytest.mark.parametrize(
    ("action", "balance"), [("add_credits", 150), ("take_credits", 50)]
)
def test_a_form_that_is_sent_twice_books_once(
    admin: Client, alice: User, bob: User, action: str, balance: int
) -> None:
    for user in (alice, bob):
        ledger.add(user.pk, 100, by="", note="")
    asked: Any = act(admin, action, alice, bob)
    page = asked.content.decode()
    found = re.search(r'name="form" value="([0-9a-f-]{36})"', page)
    assert found
    form = {"apply": "1", "amount": "50", "note": "a gift", "form": found[1]}

    act(admin, action, alice, bob, **form)
    again = act(admin, action, alice, bob, **form)

    assert "nothing more was booked" in messages_of(again)
    assert (meter.balance(alice.pk), meter.balance(bob.pk)) == (balance, balance)
    asked_again: Any = act(admin, action, alice)
    assert found[1] not in asked_again.content.decode()


@pytest.mark.parametrize("form", ["", "x", "0" * 31, "\0"])
def test_a_form_without_its_name_books_nothing(
    admin: Client, alice: User, form: str
) -> None:
    sent = {"apply": "1", "amount": "5", "note": "a gift", "form": form}

    act(admin, "add_credits", alice, **sent)

    assert not Booking.objects.exists()


def test_what_is_taken_away_is_there_for_all_or_for_none(
    admin: Client, alice: User, bob: User
) -> None:
    ledger.add(alice.pk, 50, by="", note="")
    form = {"apply": "1", "amount": "50", "note": "a mistake"}

    refused = act(admin, "take_credits", alice, bob, **form)
    assert b"Nothing was changed" in refused.content  # type: ignore[attr-defined]
    assert meter.balance(alice.pk) == 50
    act(admin, "take_credits", alice, **form)

    assert meter.balance(alice.pk) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1000000001"},
        {"amount": "9" * 40},
        {"amount": "1.5"},
        {"amount": ""},
        {"note": ""},
        {"note": "x" * 401},
    ],
)
def test_wrong_amounts_are_refused(
    admin: Client, alice: User, wrong: dict[str, str]
) -> None:
    form = {"apply": "1", "amount": "5", "note": "a gift"} | wrong

    act(admin, "add_credits", alice, **form)

    assert not Booking.objects.exists()


def test_bookings_are_only_read(admin: Client, alice: User) -> None:
    ledger.add(alice.pk, 5, by="olga", note="a gift")
    row = Booking.objects.get()

    shown = admin.get(BOOKINGS, {"q": "alice", "user__id__exact": str(alice.pk)})

    assert "a gift" in shown.content.decode()
    assert admin.get(f"{BOOKINGS}add/").status_code == 403
    assert admin.post(f"{BOOKINGS}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    changed = admin.post(f"{BOOKINGS}{row.pk}/change/", {"amount": "500"})
    assert changed.status_code == 403
    row.refresh_from_db()
    assert row.amount == 5


def test_a_users_page_tells_their_balance(admin: Client, alice: User) -> None:
    ledger.add(alice.pk, 1234, by="", note="")

    page = admin.get(f"{USERS}{alice.pk}/change/").content.decode()

    assert "1234" in page
    assert f"{BOOKINGS}?user__id__exact={alice.pk}" in page
