"""The cache while Redis is away."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tests.accounts.people.test_second_factor import comes_in, person, set_up, sign_in

AWAY = {"BACKEND": "mjproxy.redis.cache.Cache", "LOCATION": ["redis://127.0.0.1:1"]}


@pytest.fixture
def away(settings: Settings) -> None:
    settings.CACHES = {"default": AWAY}


def test_it_knows_nothing_and_keeps_nothing(away: None) -> None:
    assert cache.add("key", 1)
    cache.set("key", 1)
    assert cache.get("key", "none") == "none"
    assert cache.delete("key") is False


@pytest.mark.django_db
def test_people_with_a_second_factor_come_in(
    client: Client, settings: Settings
) -> None:
    person()
    sign_in(client)
    _, codes = set_up(client)
    settings.CACHES = {"default": AWAY}
    page = Client()

    sign_in(page)
    page.post("/account/security/authenticate/", {"code": codes[0]})

    assert comes_in(page)
