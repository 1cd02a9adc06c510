"""A server that stands in for Discord's REST, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.discord.rest import DiscordHttp
from tests.gateway.rest_server import Server, addresses, identity, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        yield found


@pytest.fixture
async def http(server: Server) -> AsyncIterator[DiscordHttp]:
    client = DiscordHttp(identity(), addresses(server.url))
    yield client
    await client.aclose()
