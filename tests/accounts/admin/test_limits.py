from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.limits import meter
from accounts.limits.allowed import allowed
from accounts.models import User, UserGroup
from tests.accounts.admin.test_people import form_of

GROUPS = "/admin/accounts/usergroup/"
USERS = "/admin/accounts/user/"


def test_a_group_is_made_and_gives_its_limits(admin: Client, alice: User) -> None:
    form = {
        "name": "customers",
        "drawings_a_day": "5",
        "speeds": ["RELAX"],
        "bots": ["MID_JOURNEY"],
        "may_swap_faces": "true",
    }
    made = admin.post(f"{GROUPS}add/", form)
    address = f"{USERS}{alice.pk}/change/"
    group = UserGroup.objects.get()
    joined = admin.post(address, form_of(admin, address) | {"group": group.pk})

    assert (made.status_code, joined.status_code) == (302, 302)
    limits = allowed(alice.pk)
    assert limits.drawings_a_day == 5
    assert (limits.speeds, limits.bots) == (("RELAX",), ("MID_JOURNEY",))
    assert limits.may_swap_faces
    assert "customers" in admin.get(GROUPS).content.decode()


def test_a_users_page_shows_limits_and_present_usage(
    admin: Client, alice: User
) -> None:
    meter.count(alice.pk, timezone.localdate(), drawings=3)
    address = f"{USERS}{alice.pk}/change/"

    saved = admin.post(
        address, form_of(admin, address) | {"drawings_a_month": "0", "speeds": "FAST"}
    )

    assert saved.status_code == 302
    said = admin.get(address).content.decode()
    assert "3 today, 3 this month, 3 in total" in said
    alice.refresh_from_db()
    assert (alice.drawings_a_month, alice.speeds) == (0, ["FAST"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("drawings_a_day", "-1"),
        ("drawings_in_total", "1000000001"),
        ("running_at_once", "many"),
        ("speeds", "SLOW"),
        ("bots", "INSIGHT_FACE"),
    ],
)
def test_what_is_no_limit_is_a_field_error(
    admin: Client, field: str, value: str
) -> None:
    answer = admin.post(f"{GROUPS}add/", {"name": "customers", field: value})

    assert set(answer.context["adminform"].form.errors) == {field}
    assert not UserGroup.objects.exists()
