"""The real client library understands the simulator."""

import asyncio
from typing import Any

import pytest
import yarl

from gateway.simulator.base.constants import MIDJOURNEY
from gateway.simulator.state.accounts import default_accounts
from tests.gateway.simulator.client import IMAGINE, running

discord = pytest.importorskip("discord")

from curl_cffi.requests import AsyncSession  # noqa: E402
from discord import utils  # noqa: E402
from discord.gateway import DiscordWebSocket, ReconnectWebSocket  # noqa: E402
from discord.http import HTTPClient, Route  # noqa: E402

Json = dict[str, Any]


class Http(HTTPClient):
    """The library's HTTP client, aimed at the simulator and nobody else."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(**options)
        self.base = base

    async def startup(self) -> None:
        if self._started:
            return
        self._global_over = asyncio.Event()
        self._global_over.set()
        properties = {
            "os": "Windows",
            "browser": "Chrome",
            "browser_user_agent": "Mozilla/5.0 Chrome/126.0.0.0",
            "browser_version": "126.0.0.0",
            "os_version": "10",
            "client_build_number": 1,
        }
        self.headers = utils.Headers(
            platform="Windows",
            major_version=126,
            super_properties=properties,
            encoded_super_properties="",
        )
        session: Any = AsyncSession(default_headers=False)
        self._HTTPClient__session = session
        self._started = True

    async def request(self, route: Any, **options: Any) -> Any:
        route.url = self.base + route.url[len(Route.BASE) :]
        return await super().request(route, **options)


@pytest.mark.asyncio
async def test_login_imagine_and_resume() -> None:
    async with running() as simulator:
        spec = default_accounts(1)[0]
        client = discord.Client(
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_subscriptions=False,
            sync_presence=False,
        )
        client.http = client._connection.http = Http(
            f"{simulator.url}/api/v9",
            loop=asyncio.get_running_loop(),
            timezone="Europe/Berlin",
        )
        events: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()

        def parser(name: str) -> Any:
            return lambda d: events.put_nowait((name, d))

        names = ("READY", "RESUMED", "MESSAGE_CREATE", "INTERACTION_CREATE")
        client._connection.parsers = {name: parser(name) for name in names}

        async def event(wanted: str) -> Json:
            while True:
                name, d = await asyncio.wait_for(events.get(), 10)
                if name == wanted:
                    return d

        await client.login(spec.user_token)
        gateway = yarl.URL(simulator.url.replace("http", "ws", 1) + "/gateway")
        ws = await DiscordWebSocket.from_client(client, gateway=gateway)
        client.ws = ws
        pump = asyncio.create_task(_pump(ws))
        ready = await event("READY")
        body = {
            "type": 2,
            "application_id": MIDJOURNEY,
            "guild_id": spec.guild_id,
            "channel_id": spec.channel_id,
            "session_id": ready["session_id"],
            "nonce": "1290000000000000100",
            "data": {
                "id": IMAGINE[0],
                "version": IMAGINE[1],
                "name": "imagine",
                "type": 1,
                "options": [{"type": 3, "name": "prompt", "value": "a red fox"}],
                "attachments": [],
            },
        }
        await client.http.request(Route("POST", "/interactions"), json=body)
        assert (await event("INTERACTION_CREATE"))["nonce"] == body["nonce"]
        start = await event("MESSAGE_CREATE")
        assert start["content"].endswith("(Waiting to start)")
        assert (await event("MESSAGE_CREATE"))["attachments"]

        for session in simulator.hub.of(None):
            assert session.connection is not None
            session.connection.cut()
        with pytest.raises(ReconnectWebSocket):
            await asyncio.wait_for(pump, 10)
        again = await DiscordWebSocket.from_client(
            client,
            gateway=yarl.URL(ready["resume_gateway_url"]),
            session=ready["session_id"],
            sequence=ws.sequence,
            resume=True,
        )
        client.ws = again
        pump = asyncio.create_task(_pump(again))
        await event("RESUMED")
        pump.cancel()
        await again.close(1000)
        await client.http.close()
        assert list(simulator.core.ledger.violations) == []


async def _pump(ws: DiscordWebSocket) -> None:
    while True:
        await ws.poll_event()
