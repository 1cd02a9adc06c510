from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import VerificationSettings

ADDRESS = "/admin/accounts/verificationsettings/"
FORM = {
    "server_url": "http://verifier:8090/some",
    "notify_base": "https://proxy.example",
    "new_secret": "shared-secret",
}


def errors(admin: Client, **changes: str) -> dict[str, Any]:
    response = admin.post(ADDRESS, FORM | changes)
    if response.status_code == 302:
        return {}
    found: dict[str, Any] = response.context["adminform"].form.errors
    return found


def test_none_is_told_until_an_operator_says_so(db: None) -> None:
    row = VerificationSettings.get_solo()

    assert (row.server_url, row.notify_base, row.secret) == ("", "", "")


def test_the_secret_goes_in_and_never_out(admin: Client) -> None:
    assert errors(admin) == {}

    row = VerificationSettings.get_solo()
    assert (row.server_url, row.secret) == (FORM["server_url"], FORM["new_secret"])
    page = admin.get(ADDRESS).content.decode()
    assert FORM["new_secret"] not in page
    assert "One is stored" in page


def test_an_empty_secret_keeps_the_stored_one(admin: Client) -> None:
    errors(admin)

    assert errors(admin, new_secret="", notify_base="https://other.example") == {}

    row = VerificationSettings.get_solo()
    assert (row.secret, row.notify_base) == ("shared-secret", "https://other.example")


def test_a_server_needs_a_secret(admin: Client) -> None:
    assert "server_url" in errors(admin, new_secret="")
    errors(admin)
    assert "server_url" in errors(admin, new_secret="", remove_secret="on")
    gone = {"new_secret": "", "remove_secret": "on", "server_url": ""}
    assert errors(admin, **gone) == {}
    assert VerificationSettings.get_solo().secret == ""


def test_a_server_must_know_where_to_report(admin: Client, settings: Any) -> None:
    assert "notify_base" in errors(admin, notify_base="")

    settings.PUBLIC_URL = "https://proxy.example"

    assert errors(admin, notify_base="") == {}


@pytest.mark.parametrize(
    "address",
    [
        "verifier",
        "ftp://verifier",
        "javascript:alert(1)",
        "http://",
        "http://a:b@verifier",
        "http://verifier/?x=1",
        "http://verifier/#x",
        "http://verifier:0",
        "http://verifier:99999",
        "http://[::1",
        "http://ver ifier",
        "http://verifier/" + "x" * 300,
    ],
)
def test_an_absurd_address_is_a_field_error(admin: Client, address: str) -> None:
    assert "server_url" in errors(admin, server_url=address)
    assert VerificationSettings.get_solo().server_url == ""
