"""A user's own webhooks: their log, calls that are sent again, the secret."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tasks.enums import DeliveryState
from tasks.models import WebhookDelivery
from tasks.pages import webhooks
from tests.factories import make_finished

PAGE = "/me/webhooks"


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def call_of(owner: User, **fields: Any) -> WebhookDelivery:
    values: dict[str, Any] = {
        "task": make_finished(owner),
        "host": "hook.example",
        "url": "https://hook.example/a",
        "revision": 1,
        "status": "SUCCESS",
        "body": "{}",
        "state": DeliveryState.GIVEN_UP,
        "next_attempt_at": None,
        "error": "it did not answer",
    }
    return WebhookDelivery.objects.create(owner=owner, **(values | fields))


def test_own_calls_are_shown_newest_first(page: Client, alice: User, bob: User) -> None:
    first = call_of(alice, url="https://hook.example/first")
    call_of(alice, url="https://hook.example/second", response_status=503)
    call_of(bob, url="https://bobs.example/")

    said = page.get(PAGE).content.decode()

    assert str(first.task_id) in said
    assert said.index("/second") < said.index("/first")
    assert "HTTP 503" in said
    assert "it did not answer" in said
    assert "bobs.example" not in said


def test_calls_of_the_operators_hook_are_not_the_users(
    page: Client, alice: User
) -> None:
    call = call_of(alice, url="https://operators.example/", is_operators=True)

    page.post(f"{PAGE}/{call.pk}/resend")

    assert "operators.example" not in page.get(PAGE).content.decode()
    call.refresh_from_db()
    assert call.state == DeliveryState.GIVEN_UP


def test_older_calls_are_on_further_pages(
    page: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAGE", 2)
    for number in range(5):
        call_of(alice, url=f"https://hook.example/{number}")
    seen: list[str] = []

    path: str | None = PAGE
    while path:
        said = page.get(path).content.decode()
        seen += re.findall(r"https://hook.example/(\d)", said)
        older = re.search(r'href="([^"]+)" data-testid="older"', said)
        path = older[1] if older else None

    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("before", ["0", "x", "-1", "9" * 40, "%00", "1 or 1"])
def test_a_strange_place_is_an_empty_or_the_first_page(
    page: Client, alice: User, before: str
) -> None:
    call_of(alice)

    assert page.get(f"{PAGE}?before={before}").status_code == 200


def test_a_call_is_sent_again(page: Client, alice: User) -> None:
    call = call_of(alice)

    answer = page.post(f"{PAGE}/{call.pk}/resend")

    call.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert (call.state, call.by_hand) == (DeliveryState.WAITING, True)
    assert call.next_attempt_at


def test_anothers_call_is_not(page: Client, bob: User) -> None:
    call = call_of(bob)

    for number in (call.pk, 10**30):
        page.post(f"{PAGE}/{number}/resend")

    call.refresh_from_db()
    assert call.state == DeliveryState.GIVEN_UP


def test_a_new_secret_is_shown_once(page: Client, alice: User) -> None:
    answer = page.post(f"{PAGE}/secret").content.decode()

    alice.refresh_from_db()
    assert alice.webhook_secret.startswith("whsec_")
    assert alice.webhook_secret in answer
    assert alice.webhook_secret not in page.get(PAGE).content.decode()
