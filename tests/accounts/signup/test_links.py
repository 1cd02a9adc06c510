"""Links in mails lead to this server, whatever a request says."""

from __future__ import annotations

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from accounts.signup.links import mailed_base


def asked(host: str) -> str:
    return mailed_base(RequestFactory().get("/", headers={"host": host}))


def test_the_public_address_counts_first(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://draw.example.com"

    assert asked("evil.example") == "https://draw.example.com"


def test_without_one_the_host_counts_if_it_is_named(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["draw.example.com"]

    assert asked("draw.example.com") == "http://draw.example.com"


def test_no_host_is_believed_where_any_is_allowed(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "*"]

    assert asked("evil.example") == ""


@pytest.mark.parametrize("host", ["evil.example", "draw.example.com.evil.example"])
def test_other_hosts_are_refused(settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS = ["draw.example.com"]

    with pytest.raises(DisallowedHost):
        asked(host)
