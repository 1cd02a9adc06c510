from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from tests.conftest import ALICES_KEY, ApiClient
from tests.factories import user_of_key

PAGE = "/admin/accounts/apikey/"


def form_of(key: ApiKey, **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": key.name,
        "is_active": "on",
        "scopes": key.scopes,
        "allowed_addresses": "",
    }
    return values | fields


def test_a_key_is_made_with_all_that_it_is_good_for(admin: Client, alice: User) -> None:
    form = {
        "owner": alice.pk,
        "name": "laptop",
        "scopes": ["draw", "read"],
        "expires_at_0": "2030-01-01",
        "expires_at_1": "00:00:00",
        "allowed_addresses": " 192.0.2.0/24 \n::ffff:1.2.3.4, 127.0.0.1",
        "drawings_a_day": "7",
        "drawings_in_total": "",
    }

    page = admin.post(f"{PAGE}add/", form, follow=True).content.decode()

    match = re.search(r"<code>(\S+)</code>", page.replace("&lt;", "<"))
    assert match
    assert user_of_key(match[1]) is None  # without an address it is at none
    row = ApiKey.objects.get(name="laptop")
    assert row.scopes == ["draw", "read"]
    assert row.allowed_addresses == ["192.0.2.0/24", "1.2.3.4/32", "127.0.0.1/32"]
    assert row.expires_at
    assert (row.drawings_a_day, row.drawings_in_total) == (7, None)
    assert ApiClient(match[1]).get("/mj/task/list").status_code == 200


def test_an_edit_counts_at_once(admin: Client, alice: User, api: ApiClient) -> None:
    key = alice.api_keys.get()
    assert api.get("/mj/task/list").status_code == 200

    answer = admin.post(f"{PAGE}{key.pk}/change/", form_of(key, scopes=["draw"]))

    assert answer.status_code == 302, answer.content
    assert api.get("/mj/task/list").status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"allowed_addresses": "nonsense"},
        {"allowed_addresses": "1.2.3.4 " * 101},
        {"drawings_a_day": "-1"},
        {"drawings_a_day": "0"},
        {"drawings_in_total": "99999999999999"},
        {"expires_at_0": "tomorrow", "expires_at_1": ""},
    ],
)
def test_bad_input_is_not_stored(
    admin: Client, alice: User, fields: dict[str, Any]
) -> None:
    key = alice.api_keys.get()
    before = ApiKey.objects.values().get()

    answer = admin.post(f"{PAGE}{key.pk}/change/", form_of(key, **fields))

    assert answer.status_code == 200
    assert ApiKey.objects.values().get() == before


def test_the_list_tells_how_a_key_stands(admin: Client, alice: User) -> None:
    def listed() -> str:
        return admin.get(PAGE).content.decode()

    ApiKey.objects.update(last_used_at=timezone.now())
    good = listed()
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(days=1))
    expired = listed()
    ApiKey.objects.update(is_active=False)
    revoked = listed()

    assert "Good" in good
    assert "draw, read, account, admin" in good
    assert "Expired" in expired
    assert "Revoked" in revoked
    assert ALICES_KEY not in good
