from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from gateway.discord.addresses import Addresses, load_addresses, replace_base
from gateway.models import GatewaySettings

PLAIN: dict[str, Any] = {
    "server": "https://discord.example",
    "wss": "wss://gateway.discord.gg",
    "resume_wss": "",
    "cdn": "https://cdn.example",
    "upload_server": "",
    "activity": "",
    "editor": "",
}


def addresses(**changes: Any) -> Addresses:
    return Addresses(**(PLAIN | changes), proxy_url="", build_number=1)


def test_the_api_lies_below_the_server() -> None:
    assert addresses().api == "https://discord.example/api/v9"


@pytest.mark.parametrize(
    ("changes", "told", "used"),
    [
        ({}, "wss://gateway-7.discord.gg", "wss://gateway-7.discord.gg"),
        ({}, "", "wss://gateway.discord.gg"),
        ({"wss": "ws://127.0.0.1:1"}, "wss://gateway-7.discord.gg", "ws://127.0.0.1:1"),
        ({"resume_wss": "ws://127.0.0.1:2"}, "wss://x.gg", "ws://127.0.0.1:2"),
        ({"resume_wss": "ws://127.0.0.1:2"}, "", "ws://127.0.0.1:2"),
        (
            {"wss": "ws://127.0.0.1:1", "resume_wss": "ws://127.0.0.1:2"},
            "wss://x.gg",
            "ws://127.0.0.1:2",
        ),
    ],
)
def test_a_session_is_resumed_where_the_operator_says(
    changes: dict[str, str], told: str, used: str
) -> None:
    assert addresses(**changes).resume(told) == used


def test_uploads_go_to_the_configured_server_with_their_query() -> None:
    given = "https://storage.example/bucket/file.png?sig=a%2Fb"

    assert addresses().upload(given) == given
    assert (
        addresses(upload_server="http://127.0.0.1:3/up").upload(given)
        == "http://127.0.0.1:3/up/bucket/file.png?sig=a%2Fb"
    )


@pytest.mark.parametrize(
    ("url", "base", "there"),
    [
        ("https://a.example/x?y=1", "http://b.example", "http://b.example/x?y=1"),
        ("https://a.example/x", "http://b.example/", "http://b.example/x"),
        ("https://a.example/x", "http://b.example/p/", "http://b.example/p/x"),
        ("https://a.example:99", "http://b.example:1", "http://b.example:1"),
    ],
)
def test_only_the_base_is_replaced(url: str, base: str, there: str) -> None:
    assert replace_base(url, base) == there


@pytest.mark.django_db
def test_the_environment_says_where_discord_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DISCORD", PLAIN | {"server": "http://127.0.0.1:9/"})

    found = load_addresses()

    assert found.server == "http://127.0.0.1:9"
    assert found.cdn == "https://cdn.example"
    assert found.build_number > 0


@pytest.mark.django_db
@pytest.mark.parametrize("name", GatewaySettings.ADDRESSES)
def test_the_operators_row_replaces_each_address(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(settings, "DISCORD", PLAIN)
    row = GatewaySettings.get_solo()
    setattr(row, name, "http://127.0.0.1:5/")
    row.proxy_url = "http://127.0.0.1:6"
    row.save()

    found = load_addresses()

    assert getattr(found, name) == "http://127.0.0.1:5"
    assert found.proxy_url == "http://127.0.0.1:6"


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*GatewaySettings.ADDRESSES, "proxy_url"])
def test_an_address_that_is_none_cannot_be_set(name: str) -> None:
    good = "ws://gw_1:9/x" if "wss" in name else "http://gw_1:9/"

    GatewaySettings(**{name: good}).full_clean()

    for wrong in ("gw_1:9", "ftp://gw/", "http://", "wss:///", "http://a b/"):
        with pytest.raises(ValidationError) as refused:
            GatewaySettings(**{name: wrong}).full_clean()
        assert set(refused.value.message_dict) == {name}
