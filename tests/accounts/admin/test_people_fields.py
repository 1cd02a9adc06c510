from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from accounts.models import DiscordAccount, DomainTag, User
from tasks.enums import TaskStatus
from tests.accounts.admin.test_people import LIST, TOKEN, form_of
from tests.factories import make_account, make_task, make_user


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


# --- users ----------------------------------------------------------------------------


def page_of(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/change/"


def test_a_users_page_tells_what_runs_and_waits_now(
    admin: Client, alice: User, bob: User
) -> None:
    for owner, status, count in (
        (alice, TaskStatus.NOT_START, 3),
        (alice, TaskStatus.IN_PROGRESS, 2),
        (alice, TaskStatus.SUCCESS, 4),
        (bob, TaskStatus.NOT_START, 5),
    ):
        for _ in range(count):
            make_task(owner, status=status)

    shown = admin.get(page_of(alice)).content.decode()
    assert "2 running, 3 waiting" in shown
    idle = make_user("carol")
    assert "0 running, 0 waiting" in admin.get(page_of(idle)).content.decode()


def test_an_address_that_an_operator_enters_replaces_the_old_one(
    admin: Client, alice: User
) -> None:
    rows: Any = EmailAddress.objects
    rows.create(user=alice, email="old@example.com", verified=True)
    form = form_of(admin, page_of(alice)) | {"email": "New@example.com"}

    assert admin.post(page_of(alice), form).status_code == 302

    assert [(row.email, row.verified) for row in rows.filter(user=alice)] == [
        ("new@example.com", True)
    ]


def test_an_address_of_another_user_is_an_error_of_the_form(
    admin: Client, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")
    form = form_of(admin, page_of(alice)) | {"email": "BOB@example.com"}

    response = admin.post(page_of(alice), form)

    assert set(response.context["adminform"].form.errors) == {"email"}
    alice.refresh_from_db()
    assert alice.email == ""


USERS = "/admin/accounts/user/"


@pytest.mark.parametrize("right", ["is_staff", "is_active"])
def test_the_last_operator_stays_one(admin: Client, right: str) -> None:
    olaf = User.objects.get(username="olaf")
    address = f"{USERS}{olaf.pk}/change/"
    form = form_of(admin, address)
    del form[right]

    refused = admin.post(address, form)
    assert "The last operator" in refused.content.decode()
    make_user("olga", is_staff=True)
    admin.post(address, form)

    assert not getattr(User.objects.get(username="olaf"), right)


def test_the_last_operator_is_not_deleted(admin: Client) -> None:
    olaf = User.objects.get(username="olaf")
    one = {"post": "yes"}
    many = {**one, "action": "delete_selected", ACTION_CHECKBOX_NAME: [olaf.pk]}

    refused = admin.post(f"{USERS}{olaf.pk}/delete/", one)
    refused_too = admin.post(USERS, many)

    assert User.objects.filter(pk=olaf.pk).exists()
    for answer in (refused, refused_too):
        assert "The last operator" in answer.content.decode()


def test_a_user_is_deleted_beside_the_last_operator(admin: Client, alice: User) -> None:
    admin.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=alice.pk).exists()
