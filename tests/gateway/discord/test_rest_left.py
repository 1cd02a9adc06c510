"""A request that certainly has not left is sent again; another one is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from gateway import timing
from gateway.discord.rest import DiscordHttp
from gateway.discord.transport import curl_session
from gateway.discord.transport.certificates import Trust
from gateway.protocol.answers import Verdict
from tests.gateway.discord.transport.certificates import make_certificate
from tests.gateway.rest_server import BODY, addresses, identity


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "INTERACTION_TIMEOUT", 0.5)


async def posted_to(url: str) -> Verdict:
    client = DiscordHttp(identity(), addresses(url))
    try:
        return (await client.post_interaction(BODY)).verdict
    finally:
        await client.aclose()


async def test_a_connection_that_never_comes_about_is_for_later() -> None:
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # who is in line is never let in, the others never answered
        for _ in range(2):
            waits = stack.enter_context(socket.socket())
            waits.setblocking(False)
            waits.connect_ex(full.getsockname())
        port = full.getsockname()[1]

        assert await posted_to(f"http://127.0.0.1:{port}") is Verdict.LATER


async def test_what_waits_for_its_encryption_is_for_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]

        assert await posted_to(f"https://127.0.0.1:{port}") is Verdict.LATER


async def test_what_nobody_has_read_may_have_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]

        assert await posted_to(f"http://127.0.0.1:{port}") is Verdict.UNKNOWN


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A server behind TLS that takes a request and never answers."""
    files = make_certificate(tmp_path, "localhost")
    monkeypatch.setattr(
        curl_session, "trust", lambda: Trust(str(files[0]), str(tmp_path))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    enough = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await enough.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", silent)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://localhost:{runner.addresses[0][1]}"
    enough.set()
    await runner.cleanup()


async def test_what_was_encrypted_may_have_left(secure: str) -> None:
    assert await posted_to(secure) is Verdict.UNKNOWN
