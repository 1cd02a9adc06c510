"""Invitations are used up one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from accounts.signup import invitations

pytestmark = pytest.mark.django_db


def made(**fields: object) -> tuple[Invitation, str]:
    row = Invitation(**fields)
    return row, invitations.make_code(row)


def test_a_code_is_stored_as_a_hash() -> None:
    row, code = made()

    assert code.startswith("inv_")
    assert code not in str(Invitation.objects.values().get())
    assert invitations.find(f" {code} ") == row


def test_a_code_is_good_for_as_many_people_as_it_says() -> None:
    _, code = made(uses_left=2)

    assert [bool(invitations.use(code)) for _ in range(3)] == [True, True, False]
    assert Invitation.objects.get().uses_left == 0
    assert invitations.find(code) is None


def test_a_code_has_an_end() -> None:
    _, code = made(expires_at=timezone.now() - timedelta(seconds=1))

    assert invitations.find(code) is None
    assert invitations.use(code) is None
    assert Invitation.objects.get().uses_left == 1


@pytest.mark.parametrize("code", ["", "inv_", "x" * 10_000, "inv_\x00", "邀请"])
def test_other_codes_are_none(code: str) -> None:
    made()

    assert invitations.use(code) is None


def test_operators_see_a_code_once(admin: Client) -> None:
    form = {"note": "for the club", "uses_left": "5"}

    page = admin.post("/admin/accounts/invitation/add/", form, follow=True)

    row = Invitation.objects.get()
    assert (row.note, row.uses_left) == ("for the club", 5)
    said = " ".join(str(each) for each in page.context["messages"])
    code = said.partition("<code>")[2].partition("</code>")[0]
    assert invitations.find(code) == row
    address = f"/admin/accounts/invitation/{row.pk}/change/"
    assert code not in admin.get(address).content.decode()
    admin.post(address, {"note": "closed", "uses_left": "0"})
    assert invitations.find(code) is None
