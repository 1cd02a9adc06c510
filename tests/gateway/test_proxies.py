"""Each account reaches Discord through its own proxy, with all that it says there."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.discord import uploads
from gateway.discord.activity_host import submit_mask
from gateway.discord.addresses import Addresses
from gateway.discord.identity import identity_of
from gateway.discord.rest import DiscordHttp
from gateway.protocol import payloads
from gateway.simulator.app import Simulator
from mjproxy.lib.db.threads import in_thread
from tests.gateway.simulated import (
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
    make_simulated,
    row_of,
)
from tests.http_proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/136.0.0.0"


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with Proxy("alice").running() as found:
        yield found


async def second_account(simulator: Simulator) -> None:
    await control(simulator, "POST", "/accounts", {"number": 2})


async def through(account: DiscordAccount, addresses: Addresses) -> DiscordHttp:
    return DiscordHttp(await in_thread(identity_of, account), addresses)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_socket_and_requests_go_through_it_under_one_name(
    simulator: Simulator, proxy: Proxy, watch: Watch
) -> None:
    account = await in_thread(make_held, proxy_url=proxy.url, user_agent=AGENT)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()
        http = line.connection.http
        place = payloads.Place("1", account.channel_id, "a session")
        press = payloads.button(place, "1", message_id="1", flags=0, custom_id="x")
        await http.post_interaction(press)
        upload = await uploads.attach(
            http, account.channel_id, "a.png", b"bytes", "image/png"
        )

    seen = {(each.method, each.path.partition("?")[0]) for each in proxy.passed}
    assert upload
    assert ("GET", "/gateway") in seen
    assert ("GET", "/api/v9/users/@me") in seen
    assert ("POST", "/api/v9/interactions") in seen
    assert ("PUT", f"/upload/{upload}") in seen
    assert {each.user_agent for each in proxy.passed} == {AGENT}
    requests = simulator.core.ledger.requests
    assert len(proxy.passed) == len(requests)  # nothing went past it
    (session,) = simulator.hub.sessions.values()
    assert session.account.name == "account-1"


async def test_pages_of_midjourney_go_through_it(
    simulator: Simulator, proxy: Proxy
) -> None:
    account = await in_thread(make_held, proxy_url=proxy.url, user_agent=AGENT)
    addresses = replace(addresses_of(simulator), activity=simulator.url)
    http = await through(account, addresses)

    await submit_mask(http, payloads.masked("", "", ""))
    await http.aclose()

    (page,) = proxy.passed
    assert (page.method, page.path) == ("POST", "/inpaint/api/submit-job")
    assert page.user_agent == AGENT


async def test_each_account_has_its_own(
    simulator: Simulator, proxy: Proxy, watch: Watch
) -> None:
    async with Proxy("bob", password="0ther").running() as other:
        first = await in_thread(make_held, proxy_url=proxy.url)
        second = await in_thread(make_simulated, 2, proxy_url=other.url)
        https = [
            await through(each, addresses_of(simulator)) for each in (first, second)
        ]
        await second_account(simulator)

        for http in https:
            await http.me()
            await http.aclose()

    assert [each.path for each in proxy.passed] == ["/api/v9/users/@me"]
    assert [each.path for each in other.passed] == ["/api/v9/users/@me"]
    asked = [r["account"] for r in simulator.core.ledger.requests]
    assert asked == ["account-1", "account-2"]


async def test_a_proxy_that_is_away_is_said_and_others_keep_running(
    simulator: Simulator, watch: Watch
) -> None:
    away = Proxy("alice", port=free_port())
    account = await in_thread(make_held, proxy_url=away.url)
    other = await in_thread(make_held, 2)
    await second_account(simulator)

    async with (
        connected(other, addresses_of(simulator), watch) as line,
        connected(account, addresses_of(simulator), watch) as lost,
    ):
        await line.is_up()
        await watch.until_row(account, state=AccountState.DISCONNECTED)
        row = await row_of(account)
        assert row.enabled
        assert "proxy cannot be reached" in row.state_reason
        assert away.password not in row.state_reason
        assert line.connection.is_live

        async with away.running():  # it comes back, and so does the account
            await watch.until_row(account, state=AccountState.READY)
            assert lost.connection.is_live


async def test_a_proxy_that_goes_away_is_said_too(
    simulator: Simulator, watch: Watch
) -> None:
    proxy = Proxy("alice", port=free_port())
    account = await in_thread(make_held, proxy_url=proxy.url)

    async with proxy.running():
        line = connected(account, addresses_of(simulator), watch)
        up = await line.__aenter__()
        await up.is_up()

    await watch.until_row(account, state_reason__contains="proxy cannot be reached")
    await line.__aexit__(None, None, None)


async def test_a_proxy_that_refuses_is_said(
    simulator: Simulator, proxy: Proxy, watch: Watch
) -> None:
    account = await in_thread(make_held, proxy_url=proxy.with_password("wrong"))

    async with connected(account, addresses_of(simulator), watch):
        await watch.until_row(account, state=AccountState.DISCONNECTED)

    assert "proxy refuses" in (await row_of(account)).state_reason
    assert proxy.refused
    assert not simulator.core.ledger.requests
