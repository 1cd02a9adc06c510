"""A server on loopback that answers as Discord's REST would, and keeps what it got."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway.discord.addresses import Addresses
from gateway.discord.rest import Identity
from gateway.protocol.shapes import Interaction
from tests.gateway.wire import CHANNEL, GUILD

BODY: Interaction = {
    "type": 2,
    "application_id": "1",
    "channel_id": CHANNEL,
    "guild_id": GUILD,
    "session_id": "a session",
    "nonce": "96",
    "data": {},
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers 204 unless `answer` says otherwise."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answer: Handler | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            Seen(request.method, str(request.url), dict(request.headers), body)
        )
        self.arrived.set()
        if self.answer is None:
            return web.Response(status=204)
        return await self.answer(request)

    def says(self, status: int, body: Any = None, **headers: str) -> None:
        """Answer so from now on."""

        async def answer(_: web.Request) -> web.StreamResponse:
            if isinstance(body, str):
                return web.Response(status=status, text=body, headers=headers)
            kind = {
                "Content-Type": "application/json"
            }  # no charset, as Discord says it
            data = json.dumps(body).encode()
            return web.Response(status=status, body=data, headers=headers | kind)

        self.answer = answer


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def addresses(server: str, *, proxy: str = "", activity: str = "") -> Addresses:
    return Addresses(
        server=server,
        wss="ws://127.0.0.1:1",
        resume_wss="",
        cdn="http://127.0.0.1:1",
        upload_server="",
        activity=activity,
        editor="",
        proxy_url=proxy,
        build_number=4711,
    )


def identity(**fields: Any) -> Identity:
    values: dict[str, Any] = {
        "account_id": 1,
        "revision": 0,
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "token": "a-token",
        "user_agent": "",
        "proxy_url": "",
    }
    return Identity(**(values | fields))
