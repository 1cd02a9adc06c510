"""Discord is asked before an account is saved; only what it says counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from django.core.exceptions import ValidationError
from django.db import connections

from accounts import ports
from accounts.editing import discord_check
from accounts.models import DiscordAccount
from gateway import account_ports
from gateway.discord import account_check
from gateway.discord.addresses import Addresses
from gateway.models import GatewaySettings
from gateway.simulator.app import Simulator
from mjproxy.lib.process import event_loop
from tests.gateway.rest_server import Server, addresses, serving
from tests.gateway.simulated import addresses_of, make_simulated, run_simulator, spec_of
from tests.gateway.test_proxies import free_port
from tests.http_proxy import Proxy

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = "1999000000000000001"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator in the loop of the bridge, so that this thread may wait."""
    life = run_simulator()
    found = event_loop.run(life.__aenter__())
    use(monkeypatch, addresses_of(found))
    yield found
    event_loop.run(life.__aexit__(None, None, None))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    life = serving()
    found = event_loop.run(life.__aenter__())
    use(monkeypatch, addresses(found.url))
    yield found
    event_loop.run(life.__aexit__(None, None, None))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy("alice").in_a_thread() as found:
        yield found


def use(monkeypatch: pytest.MonkeyPatch, there: Addresses) -> None:
    monkeypatch.setattr(account_check, "load_addresses", lambda: there)
    monkeypatch.setattr(ports.account_check, "_answer", account_ports.check_account)


def wrong_with(account: DiscordAccount, further: Any = None) -> dict[str, list[str]]:
    try:
        discord_check.check(account, further)
    except ValidationError as exc:
        return exc.message_dict
    return {}


def unsaved(**fields: Any) -> DiscordAccount:
    spec = spec_of(1)
    values = {
        "guild_id": spec.guild_id,
        "channel_id": spec.channel_id,
        "user_token": spec.user_token,
    }
    return DiscordAccount(**(values | fields))


def requests(simulator: Simulator) -> list[str]:
    return [f"{r['method']} {r['path']}" for r in simulator.core.ledger.requests]


# --- what is right -------------------------------------------------------------------


def test_an_account_that_discord_knows_is_right(simulator: Simulator) -> None:
    account = unsaved()

    assert wrong_with(account) == {}

    assert requests(simulator) == [
        "GET /api/v9/users/@me",
        f"GET /api/v9/channels/{account.channel_id}",
    ]
    assert list(simulator.core.ledger.violations) == []


def test_it_can_be_switched_off(simulator: Simulator) -> None:
    GatewaySettings.objects.create(check_accounts=False)

    assert wrong_with(unsaved(user_token="unknown")) == {}
    assert requests(simulator) == []


# --- what is wrong -------------------------------------------------------------------


def test_a_token_that_is_none(simulator: Simulator) -> None:
    assert set(wrong_with(unsaved(user_token="unknown"))) == {"user_token"}


def test_a_channel_that_is_none(simulator: Simulator) -> None:
    assert set(wrong_with(unsaved(channel_id=UNKNOWN))) == {"channel_id"}


def test_a_channel_of_another_server(simulator: Simulator) -> None:
    wrong = wrong_with(unsaved(guild_id=UNKNOWN))

    assert wrong == {"channel_id": ["The channel is in another server."]}


def test_a_channel_where_the_account_may_not_be(simulator: Simulator) -> None:
    other = spec_of(2)
    simulator.core.world.add_account(other)

    account = unsaved(guild_id=other.guild_id, channel_id=other.channel_id)

    wrong = wrong_with(account)
    assert wrong == {"channel_id": ["The account may not see this channel."]}


def test_direct_messages_are_no_channel_to_draw_in(simulator: Simulator) -> None:
    account = unsaved(channel_id=spec_of(1).mj_dm_channel_id)

    assert set(wrong_with(account)) == {"channel_id"}


def test_further_channels_are_named_one_by_one(simulator: Simulator) -> None:
    spec, good = spec_of(1), "1201000000000005555"
    simulator.core.world.add_channel(good, spec.guild_id)
    further = [
        (spec.guild_id, good),
        (UNKNOWN, good[:-1] + "6"),
        (spec.guild_id, UNKNOWN),
    ]
    simulator.core.world.add_channel(good[:-1] + "6", spec.guild_id)

    wrong = wrong_with(unsaved(), further)

    assert wrong == {
        "sub_channels": [
            "The channel is in another server. (1201000000000005556)",
            f"Discord has no channel with this id. ({UNKNOWN})",
        ]
    }


def test_a_changed_token_of_a_stored_account(simulator: Simulator) -> None:
    account = make_simulated()
    account.user_token = "another"

    assert set(wrong_with(account)) == {"user_token"}


# --- the proxy -----------------------------------------------------------------------


def test_it_is_asked_through_the_proxy(simulator: Simulator, proxy: Proxy) -> None:
    account = unsaved(proxy_url=proxy.url, user_agent="Chrome/136")

    assert wrong_with(account) == {}

    passed = [f"{each.method} {each.path}" for each in proxy.passed]
    assert passed == requests(simulator)
    assert {each.user_agent for each in proxy.passed} == {"Chrome/136"}


def test_a_proxy_that_is_away(simulator: Simulator) -> None:
    account = unsaved(proxy_url=f"http://alice:s3cret@127.0.0.1:{free_port()}")

    wrong = wrong_with(account)

    assert wrong == {"proxy_url": ["The proxy cannot be reached."]}
    assert requests(simulator) == []


def test_a_proxy_that_refuses(simulator: Simulator, proxy: Proxy) -> None:
    account = unsaved(proxy_url=proxy.with_password("wrong"))

    assert set(wrong_with(account)) == {"proxy_url"}
    assert proxy.refused


# --- nothing learnt: nothing wrong ---------------------------------------------------


@pytest.mark.parametrize("status", [204, 403, 429, 500, 502, 503])
def test_what_says_nothing_of_the_account_is_no_error(
    server: Server, status: int
) -> None:
    server.says(status, "<html>" if status >= 500 else {"message": "no"})

    assert wrong_with(unsaved()) == {}
    assert len(server.seen) == 1  # asked once, not again and again


@pytest.mark.parametrize("body", ["<html>", "", None, [], 7, {}])
@pytest.mark.parametrize("path", ["/@me", "/channels/"])
def test_what_is_not_discords_answer_is_no_error(
    server: Server, path: str, body: Any
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        odd = path in request.path
        return web.json_response(body if odd else {"id": "1", "guild_id": UNKNOWN})

    server.answer = answer

    assert wrong_with(unsaved(guild_id=UNKNOWN)) == {}


def test_a_discord_that_is_away_is_no_error(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, addresses(f"http://127.0.0.1:{free_port()}"))

    assert wrong_with(unsaved()) == {}


def test_a_discord_that_hangs_up_in_the_middle_is_no_error(server: Server) -> None:
    async def hangs_up(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/@me"):
            return web.json_response({"id": "1"})
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answer = hangs_up

    assert wrong_with(unsaved()) == {}


def test_what_nobody_foresaw_is_no_error_and_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(account_check, "_look", breaks)

    assert wrong_with(unsaved()) == {}
    assert sum(bool(record.exc_info) for record in caplog.records) == 1


def test_a_discord_that_is_silent_is_waited_for_a_while_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.to_thread(over.wait, 20)
        return web.Response(status=503)

    server.answer = silent
    monkeypatch.setattr(account_check, "LIMIT", 0.2)
    monkeypatch.setattr(account_check, "PROXY_LIMIT", 0.1)

    assert wrong_with(unsaved()) == {}
    over.set()


def test_what_was_found_before_the_time_was_over_counts(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/@me"):
            return web.json_response({"id": "1"})
        if request.path.endswith(UNKNOWN):
            return web.json_response({}, status=404)
        await asyncio.to_thread(over.wait, 20)
        return web.Response(status=503)

    server.answer = slow
    monkeypatch.setattr(account_check, "LIMIT", 2.0)

    further = [(UNKNOWN, "1201000000000000011")]
    assert set(wrong_with(unsaved(channel_id=UNKNOWN), further)) == {"channel_id"}
    over.set()


def test_a_third_that_is_checked_meanwhile_does_not_wait(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_check, "LIMIT", 60.0)
    asked, left = threading.Semaphore(0), asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        asked.release()
        await left.wait()
        return web.json_response({}, status=401)

    server.answer = silent
    found: list[dict[str, list[str]]] = []

    def check() -> None:
        found.append(wrong_with(unsaved()))
        connections.close_all()

    looks = [threading.Thread(target=check) for _ in range(2)]
    for look in looks:
        look.start()
    for _ in looks:
        assert asked.acquire(timeout=20)

    assert wrong_with(unsaved()) == {}

    assert found == []  # the others still wait
    event_loop.loop().call_soon_threadsafe(left.set)
    for look in looks:
        look.join(20)
    assert [set(each) for each in found] == [{"user_token"}] * 2
