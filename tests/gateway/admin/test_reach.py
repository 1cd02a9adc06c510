"""The page that tries whether Discord can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from gateway.discord import reach
from gateway.models import GatewaySettings
from gateway.simulator.app import Simulator
from mjproxy.lib.process import event_loop
from tests.gateway.rest_server import serving
from tests.gateway.simulated import addresses_of, run_simulator
from tests.gateway.test_proxies import free_port
from tests.http_proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/gateway/gatewaysettings/reach/"


def reached(admin: Client) -> dict[str, str]:
    """Ask, and return the failures by name; empty ones are answers."""
    context: Any = admin.post(PAGE).context
    return {each.name: each.failure for each in context["outcomes"]}


def point_at(**fields: str) -> None:
    GatewaySettings.get_solo()
    GatewaySettings.objects.update(**fields)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    life = run_simulator()
    found = event_loop.run(life.__aenter__())
    there = addresses_of(found)
    point_at(server=there.server, wss=there.wss)
    yield found
    event_loop.run(life.__aexit__(None, None, None))


def test_the_page_asks_only_when_it_is_told_to(admin: Client) -> None:
    page = admin.get(PAGE)

    assert page.status_code == 200
    assert "outcomes" not in page.context
    assert PAGE in admin.get("/admin/gateway/gatewaysettings/").content.decode()


def test_discord_is_reached(admin: Client, simulator: Simulator) -> None:
    assert reached(admin) == {"API": "", "Socket": ""}


def test_nobody_there_is_told(admin: Client) -> None:
    port = free_port()
    point_at(server=f"http://127.0.0.1:{port}", wss=f"ws://127.0.0.1:{port}")

    found = reached(admin)

    assert set(found) == {"API", "Socket"}
    assert all("no connection" in failure for failure in found.values())


def test_a_server_that_is_not_discord_is_told(admin: Client) -> None:
    life = serving()
    server = event_loop.run(life.__aenter__())
    point_at(server=server.url, wss=server.url.replace("http", "ws", 1))
    try:
        found = reached(admin)
    finally:
        event_loop.run(life.__aexit__(None, None, None))

    assert all(found.values())
    assert all("authorization" not in str(seen).lower() for seen in server.seen)
    assert server.seen


def test_silence_has_an_end(
    admin: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "LIMIT", 0.0)

    assert all("no answer within" in text for text in reached(admin).values())


def test_the_common_proxy_is_used_and_its_password_is_not_shown(
    admin: Client, simulator: Simulator
) -> None:
    with Proxy("alice").in_a_thread() as proxy:
        row = GatewaySettings.get_solo()
        row.proxy_url = proxy.with_password("wrong-word")
        row.save()

        page = admin.post(PAGE)

    assert all(each.failure for each in page.context["outcomes"])
    assert proxy.refused
    assert "wrong-word" not in page.content.decode()


def test_a_proxy_that_fits_no_key_is_told(admin: Client) -> None:
    point_at()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gateway_gatewaysettings SET proxy_url = 'gAAAAx'")

    assert "fits no encryption key" in reached(admin)["Proxy"]


def test_only_operators_who_may_change_it_come_in(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.post(PAGE).status_code in (302, 403)

    client.force_login(User.objects.create(username="helper", is_staff=True))
    assert client.post(PAGE).status_code in (302, 403)
