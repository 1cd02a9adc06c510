"""A user's own keys: made, shown once, revoked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.people import own_keys
from accounts.people.keys import create_key
from tests.conftest import ALICES_KEY, OPERATORS_KEY, ApiClient
from tests.factories import user_of_key

PAGE = "/me/keys"


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def by_key(key: str) -> Client:
    client = Client()
    assert client.post("/sign-in", {"key": key}).status_code == 302
    return client


def made_in(answer: Any) -> str:
    found = re.search(r'data-testid="new-key">([^<]+)<', answer.content.decode())
    assert found, answer.content.decode()
    return found[1]


def test_a_key_is_shown_once_and_works(page: Client, alice: User) -> None:
    answer = page.post(PAGE, {"name": "laptop", "scopes": ["draw", "read"]})

    key = made_in(answer)
    assert user_of_key(key) == alice
    assert "no-store" in answer["Cache-Control"]
    row = ApiKey.objects.get(name="laptop")
    assert row.scopes == ["draw", "read"]
    later = page.get(PAGE).content.decode()
    assert row.prefix in later
    assert key not in later
    assert row.digest not in later


def test_a_key_gets_what_was_asked_for(page: Client) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)

    page.post(
        PAGE,
        {
            "scopes": ["read"],
            "last_day": str(tomorrow),
            "addresses": "192.0.2.7, ::ffff:1.2.3.4\n2001:db8::1/32",
            "drawings_a_day": "7",
            "drawings_in_total": "9",
        },
    )

    row = ApiKey.objects.get(scopes=["read"])
    assert row.allowed_addresses == ["192.0.2.7/32", "1.2.3.4/32", "2001:db8::/32"]
    assert (row.drawings_a_day, row.drawings_in_total) == (7, 9)
    assert row.expires_at
    ends = timezone.localtime(row.expires_at)
    assert (ends.date(), ends.hour) == (tomorrow + timedelta(days=1), 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": []},
        {"scopes": ["admin"]},
        {"scopes": ["everything"]},
        {"name": "x" * 81},
        {"addresses": "nonsense"},
        {"addresses": "1.2.3.4/99"},
        {"addresses": " ".join(["1.2.3.4"] * 101)},
        {"last_day": "2020-01-01"},
        {"last_day": "9999-12-31"},
        {"last_day": "tomorrow"},
        {"drawings_a_day": "0"},
        {"drawings_a_day": "-1"},
        {"drawings_in_total": "99999999999999999999"},
        {"drawings_in_total": "many"},
        {"name": "a\0b"},
    ],
)
def test_bad_input_makes_no_key(page: Client, fields: dict[str, Any]) -> None:
    answer = page.post(PAGE, {"scopes": ["read"]} | fields)

    assert answer.status_code == 400
    assert ApiKey.objects.count() == 1
    assert "new-key" not in answer.content.decode()


def test_operators_may_have_keys_for_the_admin(operator: User) -> None:
    client = Client()
    client.force_login(operator)

    key = made_in(client.post(PAGE, {"scopes": ["admin"]}))

    assert ApiClient(key).get("/mj/admin/accounts").status_code == 200
    assert ApiClient(key).get("/mj/task/list").status_code == 403


def test_a_key_is_revoked_at_once(page: Client, alice: User) -> None:
    assert user_of_key(ALICES_KEY)

    answer = page.post(f"{PAGE}/{alice.api_keys.get().pk}/revoke")

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert user_of_key(ALICES_KEY) is None
    assert "revoked" in page.get(PAGE).content.decode()


def test_anothers_key_is_not_revoked_nor_shown(page: Client, bob: User) -> None:
    key = bob.api_keys.get()
    ApiKey.objects.filter(pk=key.pk).update(name="bobs laptop")

    for number in (key.pk, 0, 10**30):
        assert page.post(f"{PAGE}/{number}/revoke").status_code == 302

    key.refresh_from_db()
    assert key.is_active
    assert "bobs laptop" not in page.get(PAGE).content.decode()


def test_a_user_has_a_limited_number_of_keys(
    page: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_keys, "MOST_KEYS", 2)
    page.post(PAGE, {"scopes": ["read"]})

    assert page.post(PAGE, {"scopes": ["read"]}).status_code == 400
    page.post(f"{PAGE}/{alice.api_keys.earliest('pk').pk}/revoke")
    assert page.post(PAGE, {"scopes": ["read"]}).status_code == 200


# --- sessions that a key has opened ---------------------------------------------------


def test_a_key_makes_no_key_that_is_good_for_more(operator: User) -> None:
    ApiKey.objects.update(scopes=["account", "read"])
    page = by_key(OPERATORS_KEY)

    assert page.post(PAGE, {"scopes": ["draw"]}).status_code == 400
    assert page.post(PAGE, {"scopes": ["read", "admin"]}).status_code == 400
    assert made_in(page.post(PAGE, {"scopes": ["read"]}))


@pytest.mark.parametrize(
    "limit",
    [
        {"expires_at": timezone.now() + timedelta(days=365)},
        {"allowed_addresses": ["127.0.0.1"]},
        {"drawings_a_day": 5},
        {"drawings_in_total": 5},
    ],
)
def test_a_key_with_limits_makes_none(alice: User, limit: dict[str, Any]) -> None:
    ApiKey.objects.update(**limit)
    page = by_key(ALICES_KEY)

    answer = page.post(PAGE, {"scopes": ["read"]})

    assert answer.status_code == 400
    assert "makes no other keys" in answer.content.decode()
    assert ApiKey.objects.count() == 1


def test_without_the_scope_account_there_are_no_own_pages(alice: User) -> None:
    ApiKey.objects.update(scopes=["draw", "read"])
    page = by_key(ALICES_KEY)

    for path in (PAGE, "/me/webhooks", "/me/data", "/me/data/export", "/account/"):
        assert page.get(path).status_code == 403, path
    assert "scope account" in page.get(PAGE).content.decode()


def test_the_key_of_the_session_is_marked(alice: User) -> None:
    create_key(alice, name="another")

    shown = by_key(ALICES_KEY).get(PAGE).content.decode()

    assert shown.count("of this session") == 1


def test_a_stranger_signs_in_first(client: Client, db: None) -> None:
    answer = client.get(PAGE)

    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={PAGE}")


def test_a_page_of_a_user_who_is_not_valid_any_more_says_so(
    page: Client, alice: User
) -> None:
    User.objects.update(valid_until=timezone.now())

    answer = page.get(PAGE)

    assert answer.status_code == 403
    assert "not valid at this time" in answer.content.decode()
