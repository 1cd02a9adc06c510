from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import DiscordAccount, DomainTag
from tests.accounts.admin.test_people import LIST, TOKEN, form_of
from tests.factories import make_account


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("work_time", "25:00-9"),
        ("work_time", "09:00-12:00, 11:00-13:00"),
        ("fishing_time", "noon"),
        ("day_draw_limit", "-2"),
        ("core_size", "0"),
        ("core_size", "-1"),
        ("max_queue_size", "-5"),
        ("weight", "-1"),
        ("interval", "-0.1"),
        ("timeout_minutes", "0"),
    ],
)
def test_what_cannot_be_is_a_field_error(admin: Client, field: str, value: str) -> None:
    account = make_account()
    address = f"{LIST}{account.pk}/change/"
    before = DiscordAccount.objects.values().get()

    response = admin.post(address, form_of(admin, address) | {field: value})

    assert set(response.context["adminform"].form.errors) == {field}
    assert DiscordAccount.objects.values().get() == before


def test_an_account_is_set_aside_for_subjects(admin: Client) -> None:
    account = make_account()
    tags = [DomainTag.objects.create(name=name) for name in ("cars", "cats")]
    address = f"{LIST}{account.pk}/change/"

    form = form_of(admin, address) | {
        "is_vertical_domain": "on",
        "vertical_domains": [tags[1].pk],
        "work_time": "09:00-17:30, 22:00-02:00",
    }
    response = admin.post(address, form)

    assert response.status_code == 302
    account.refresh_from_db()
    assert account.is_vertical_domain
    assert account.work_time == "09:00-17:30, 22:00-02:00"
    assert list(account.vertical_domains.all()) == [tags[1]]


def test_what_is_no_token_is_said_at_its_field(admin: Client) -> None:
    account = make_account(user_token=TOKEN)
    address = f"{LIST}{account.pk}/change/"

    response = admin.post(
        address, form_of(admin, address) | {"new_user_token": "two words"}
    )

    assert set(response.context["adminform"].form.errors) == {"new_user_token"}
    account.refresh_from_db()
    assert account.user_token == TOKEN
