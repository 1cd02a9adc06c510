"""A user's own data: the download, and the end of the account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts.credits import ledger
from accounts.limits import meter
from accounts.models import ApiKey, Invitation, User, UserGroup
from accounts.people.operators import LastOperator
from accounts.people.own_account import delete_own_account
from accounts.signup import invitations
from mjproxy.lib.web import throttle
from tasks import own_data
from tasks.enums import DeliveryState
from tasks.models import Task, WebhookDelivery
from tests.conftest import ALICES_KEY
from tests.factories import make_finished, make_task, make_user

PAGE = "/me/data"
PASSWORD = "a-password-of-alice"


@pytest.fixture
def page(alice: User) -> Client:
    alice.set_password(PASSWORD)
    alice.save()
    client = Client()
    client.force_login(alice)
    return client


def by_key(user: User) -> Client:
    client = Client()
    assert client.post("/sign-in", {"key": ALICES_KEY}).status_code == 302
    return client


def exported(page: Client) -> Any:
    answer: Any = page.get(f"{PAGE}/export")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return orjson.loads(b"".join(answer.streaming_content))


def test_everything_is_in_the_download_and_nothing_of_others(
    page: Client, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_data, "ROWS", 2)
    mine = [make_finished(alice, client_state=str(n)) for n in range(5)]
    make_finished(bob)
    for task in mine[:3]:
        WebhookDelivery.objects.create(
            task=task,
            owner=alice,
            host="hook.example",
            url="https://hook.example/",
            revision=1,
            status=task.status,
            state=DeliveryState.DELIVERED,
        )

    said = exported(page)

    assert said["user"]["username"] == "alice"
    assert [task["id"] for task in said["tasks"]] == [str(t.pk) for t in mine[::-1]]
    assert said["tasks"][0]["state"] == "4"
    assert len(said["webhookCalls"]) == 3
    assert [key["prefix"] for key in said["keys"]] == [ALICES_KEY[:8]]
    text = orjson.dumps(said).decode()
    key = alice.api_keys.get()
    for secret in (key.digest, alice.webhook_secret, alice.password, "bob"):
        assert not secret or secret not in text


def test_limits_numbers_invitations_and_bookings_are_in_it(
    page: Client, alice: User, bob: User
) -> None:
    used = Invitation(note="for bob's friends")
    invitations.make_code(used, by="bob")
    made = Invitation(note="mine", uses_left=3)
    invitations.make_code(made, by="alice")
    alice.group = UserGroup.objects.create(name="night", drawings_a_day=50)
    alice.drawings_a_month, alice.invitation = 5, used
    alice.save()
    key = alice.api_keys.get()
    today = timezone.localdate()
    meter.count(alice.pk, today, drawings=2)
    meter.count_for_key(key.pk, today)
    meter.count(bob.pk, today, drawings=77)
    ledger.add(alice.pk, 9, by="olga", note="a gift")

    said = exported(page)

    assert said["limits"]["drawings_a_month"] == 5
    assert said["limits"]["group"]["name"] == "night"
    assert said["limits"]["group"]["drawings_a_day"] == 50
    assert said["drawn"]["user"]["of_day"] == 2
    assert said["drawn"]["user"]["balance"] == 9
    assert [(k["prefix"], k["in_total"]) for k in said["drawn"]["keys"]] == [
        (key.prefix, 1)
    ]
    assert said["invitations"]["used"]["prefix"] == used.prefix
    assert [row["note"] for row in said["invitations"]["made"]] == ["mine"]
    assert [row["amount"] for row in said["bookings"]] == [9]
    text = orjson.dumps(said).decode()
    assert "77" not in orjson.dumps(said["drawn"]).decode()
    for secret in (used.digest, made.digest, "friends"):
        assert secret not in text


def test_a_user_without_rows_gets_a_document_too(page: Client, alice: User) -> None:
    ApiKey.objects.all().delete()

    said = exported(page)

    assert (said["keys"], said["tasks"], said["webhookCalls"]) == ([], [], [])


@pytest.mark.django_db(transaction=True)
async def test_the_web_server_sends_it_as_it_is_read(alice: User) -> None:
    task = await sync_to_async(make_finished)(alice)
    client = AsyncClient()
    await client.aforce_login(alice)

    answer: Any = await client.get(f"{PAGE}/export")

    parts = [part async for part in answer.streaming_content]
    assert len(parts) > 3
    assert orjson.loads(b"".join(parts))["tasks"][0]["id"] == str(task.pk)


# --- the end --------------------------------------------------------------------------


def end(page: Client, confirmation: str) -> Any:
    return page.post(f"{PAGE}/delete", {"confirmation": confirmation})


def test_an_account_ends_with_its_password(
    page: Client, alice: User, bob: User
) -> None:
    make_task(alice)
    make_task(bob)

    answer = end(page, PASSWORD)

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    assert list(User.objects.values_list("username", flat=True)) == ["bob"]
    assert Task.objects.get().owner == bob
    assert page.get(PAGE).status_code == 302


@pytest.mark.parametrize("given", ["", "wrong", "alice", "a\0b", "x" * 5000])
def test_it_does_not_end_without(page: Client, alice: User, given: str) -> None:
    answer = end(page, given)

    assert answer.status_code == 400
    assert User.objects.filter(pk=alice.pk).exists()
    assert page.get(PAGE).status_code == 200


def test_passwords_are_not_tried_out_here(page: Client, alice: User) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS):
        end(page, "wrong")

    refused = end(page, PASSWORD)
    assert (refused.status_code, refused["Retry-After"]) == (429, "300")
    assert User.objects.filter(pk=alice.pk).exists()


def test_who_has_no_password_enters_the_name(alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    page = by_key(alice)

    assert end(page, "bob").status_code == 400
    assert end(page, "alice").status_code == 302
    assert not User.objects.exists()


def test_a_key_with_limits_ends_no_account(alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    ApiKey.objects.update(allowed_addresses=["127.0.0.1"])

    assert end(by_key(alice), "alice").status_code == 400
    assert User.objects.exists()


def test_the_last_operator_stays(page: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    make_user("disabled", is_staff=True, is_active=False)

    answer = end(page, PASSWORD)

    assert answer.status_code == 400
    assert "last operator" in answer.content.decode()
    make_user("another", is_staff=True)
    assert end(page, PASSWORD).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_who_leave_at_once_one_stays() -> None:
    operators = [make_user(is_staff=True) for _ in range(2)]
    together = Barrier(2)

    def leave(user: User) -> bool:
        together.wait(20)
        try:
            delete_own_account(user)
        except LastOperator:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        left = list(threads.map(leave, operators))

    assert sorted(left) == [False, True]
    assert User.objects.filter(is_staff=True).count() == 1
