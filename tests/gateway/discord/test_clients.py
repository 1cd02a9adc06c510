from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from accounts.editing import save
from accounts.models import DiscordAccount
from gateway.discord import clients
from gateway.protocol.answers import Verdict
from mjproxy.lib.db.threads import in_thread
from tests.gateway.rest_server import BODY, Server, addresses, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    async with serving() as found:
        there = addresses(found.url)
        monkeypatch.setattr(clients, "load_addresses", lambda: there)
        monkeypatch.setattr(clients, "_making", asyncio.Lock())
        yield found
        for work in clients._retired.copy():
            work.cancel()
        for http in clients._clients.values():
            await http.aclose()


async def test_a_client_is_kept_until_an_edit(
    account: DiscordAccount, server: Server
) -> None:
    first = await clients.client_of(account)
    assert await clients.client_of(account) is first

    await in_thread(save.reconnect, account.pk)
    await in_thread(account.refresh_from_db)

    assert await clients.client_of(account) is not first
    await first.aclose()


async def test_an_edit_cuts_off_nothing_that_is_on_its_way(
    account: DiscordAccount, server: Server
) -> None:
    go_on = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return web.Response(status=204)

    server.answer = slow
    first = await clients.client_of(account)
    post = asyncio.create_task(first.post_interaction(BODY))
    await asyncio.wait_for(server.arrived.wait(), 20)

    await in_thread(save.reconnect, account.pk)
    await in_thread(account.refresh_from_db)
    await clients.client_of(account)
    go_on.set()

    assert (await post).verdict is Verdict.ACCEPTED
    await first.aclose()


async def test_what_a_closed_client_had_sent_is_unknown(
    account: DiscordAccount, server: Server
) -> None:
    never = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response(status=204)

    server.answer = silent
    http = await clients.client_of(account)
    post = asyncio.create_task(http.post_interaction(BODY))
    await asyncio.wait_for(server.arrived.wait(), 20)

    await http.aclose()

    assert (await post).verdict is Verdict.UNKNOWN
    never.set()
