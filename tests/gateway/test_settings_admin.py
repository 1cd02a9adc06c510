"""The gateway's proxy goes in and never comes out."""

from __future__ import annotations

import pytest
from django.test import Client

from gateway.models import GatewaySettings

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/gateway/gatewaysettings/"
PROXY = "http://somebody:a-password@proxy.example.com:3128"


def save(admin: Client, **fields: str) -> str:
    body = {"client_build_number": "482285", "sync_minutes": "360", **fields}
    return admin.post(ADDRESS, body, follow=True).content.decode()


def stored() -> str:
    return str(GatewaySettings.objects.get().proxy_url)


def test_the_proxy_is_taken_kept_removed_and_never_shown(admin: Client) -> None:
    save(admin, new_proxy_url=PROXY)
    assert stored() == PROXY

    page = admin.get(ADDRESS).content.decode()
    assert "a-password" not in page
    assert "proxy.example.com" not in page
    assert "One is stored" in page

    save(admin, acknowledge="on")
    assert stored() == PROXY

    save(admin, remove_proxy_url="on")
    assert stored() == ""


@pytest.mark.parametrize(
    "text", ["ftp://a", "no address", "http://", "http://a b", "http://a\r\nX: y"]
)
def test_what_is_no_proxy_is_refused_and_not_repeated(admin: Client, text: str) -> None:
    save(admin, new_proxy_url=PROXY)

    page = save(admin, new_proxy_url=text)

    assert stored() == PROXY
    assert "a-password" not in page
