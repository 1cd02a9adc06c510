from __future__ import annotations

from unittest.mock import patch

import pytest
from django.test import Client

from accounts.models import User
from mjproxy.lib.web import throttle
from tests.conftest import ALICES_KEY

PASSWORD = "correct horse battery"


@pytest.fixture
def alice_with_password(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_name_and_its_password_open_the_drawing_page(
    client: Client, alice_with_password: User
) -> None:
    form = {"username": "alice", "password": PASSWORD}

    response = client.post("/sign-in", form)

    assert (response.status_code, response["Location"]) == (302, "/")
    assert signed_in(client)


def test_a_key_opens_it_too(client: Client, alice: User) -> None:
    response = client.post("/sign-in", {"key": ALICES_KEY})

    assert response.status_code == 302
    assert signed_in(client)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "alice", "password": "wrong"},
        {"username": "alice"},
        {"key": "wrong-key"},
        {"username": "x" * 151, "password": "y"},
    ],
)
def test_what_is_wrong_opens_nothing(
    client: Client, alice_with_password: User, form: dict[str, str]
) -> None:
    response = client.post("/sign-in", form)

    assert response.status_code in (400, 403)
    assert not signed_in(client)
    assert b'role="alert"' in response.content


def test_who_was_shut_out_stays_out(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)

    assert client.post("/sign-in", {"key": ALICES_KEY}).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/admin/", "/admin/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_it_goes_on_to_pages_of_this_host_only(
    client: Client, alice: User, wanted: str, goes_to: str
) -> None:
    response = client.post("/sign-in", {"key": ALICES_KEY, "next": wanted})

    assert response["Location"] == goes_to


def test_tries_are_counted_for_each_address(client: Client, alice: User) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS):
        client.post("/sign-in", {"key": "wrong-key"})

    response = client.post("/sign-in", {"key": ALICES_KEY})
    elsewhere = client.post("/sign-in", {"key": ALICES_KEY}, REMOTE_ADDR="192.0.2.7")

    assert response.status_code == 429
    assert response["Retry-After"]
    assert elsewhere.status_code == 302


def test_tries_are_counted_for_each_name(
    client: Client, alice_with_password: User
) -> None:
    for number in range(throttle.TRIES_PER_NAME):
        form = {"username": "Alice", "password": "wrong"}
        client.post("/sign-in", form, REMOTE_ADDR=f"192.0.2.{number}")

    form = {"username": "alice", "password": PASSWORD}

    assert client.post("/sign-in", form).status_code == 429


def test_right_tries_are_not_counted(client: Client, alice: User) -> None:
    for _ in range(throttle.TRIES_PER_ADDRESS + 1):
        response = client.post("/sign-in", {"key": ALICES_KEY})

    assert response.status_code == 302


def test_without_a_cache_sign_in_still_works(client: Client, alice: User) -> None:
    with patch.object(throttle, "cache") as broken:
        broken.add.side_effect = OSError("Redis is away")
        broken.decr.side_effect = OSError("Redis is away")
        response = client.post("/sign-in", {"key": ALICES_KEY})

    assert response.status_code == 302


def test_a_form_of_another_site_is_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post("/sign-in", {"key": ALICES_KEY}).status_code == 403


def test_sign_out_takes_a_post(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert not signed_in(client)


@pytest.mark.django_db
def test_the_page_says_what_this_is_and_loads_nothing_foreign(client: Client) -> None:
    response = client.get("/sign-in")

    assert "Discord and Midjourney forbid that" in response.content.decode()
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert b"http://" not in response.content
    assert b"https://" not in response.content
