"""State that accounts of one process share, and state that they must not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from curl_cffi import AsyncCurl, CurlOpt, requests
from curl_cffi.requests.exceptions import RequestException

from gateway.discord.transport import curl_session
from gateway.discord.transport.curl_session import Session
from tests.gateway.discord.transport.certificates import make_certificate


@dataclass
class Host:
    """A server that notes on which connection a request came, and with which cookie."""

    url: str = ""
    connections: list[object] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        self.connections.append(transport)
        if tls := transport.get_extra_info("ssl_object"):
            self.resumed.append(tls.session_reused)
        self.cookies.append(request.headers.get("Cookie", ""))
        self.seen.set()
        if request.path == "/held":
            await self.held.wait()
        return web.Response(headers={"Set-Cookie": f"who={len(self.cookies)}; Path=/"})


async def serve(tls: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    host.url = f"{scheme}://localhost:{runner.addresses[0][1]}"
    yield host
    host.held.set()
    await runner.cleanup()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async for found in serve():
        yield found


@pytest.fixture
async def tls_host(tmp_path: Path) -> AsyncIterator[Host]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path, "localhost"))
    async for found in serve(context):
        yield found


def is_of_curl(task: asyncio.Task[Any]) -> bool:
    file = task.get_coro().cr_code.co_filename  # type: ignore[union-attr]
    return "curl_cffi" in file or file == curl_session.__file__


async def test_an_idle_account_has_nothing_that_runs(host: Host) -> None:
    sessions = [Session() for _ in range(20)]
    for session in sessions:
        await session.get(host.url)

    (one_for_all,) = (task for task in asyncio.all_tasks() if is_of_curl(task))
    assert one_for_all is sessions[0].acurl._timeout_checker
    for session in sessions:
        await session.close()


async def test_the_engine_ends_with_its_last_session() -> None:
    one, other = Session(), Session()
    engine = one.acurl
    assert other.acurl is engine

    await one.close()
    await one.close()
    assert not engine._timeout_checker.done()

    await other.close()
    assert engine._timeout_checker.done()
    assert asyncio.get_running_loop() not in curl_session._engines


async def test_every_request_has_a_connection_of_its_own(host: Host) -> None:
    one, other = Session(), Session()

    for session in (one, one, other):
        await session.get(host.url)

    assert len({id(connection) for connection in host.connections}) == 3
    await one.close()
    await other.close()


async def test_no_tls_session_is_taken_up_by_another_account(tls_host: Host) -> None:
    engine: Any = AsyncCurl()
    usual: Any = {"async_curl": engine, "curl_options": {CurlOpt.FRESH_CONNECT: 1}}
    for _ in range(2):
        async with requests.AsyncSession(**usual) as session:
            await session.get(tls_host.url, verify=False)
    await engine.close()
    assert tls_host.resumed == [False, True]  # so it would be

    for _ in range(2):
        ours = Session()
        await ours.get(tls_host.url, verify=False)
        await ours.get(tls_host.url, verify=False)
        await ours.close()
    assert tls_host.resumed[2:] == [False] * 4


async def test_cookies_belong_to_the_session(host: Host) -> None:
    one, other = Session(), Session()

    for session in (one, other, one, other):
        await session.get(host.url)

    assert host.cookies == ["", "", "who=1", "who=2"]
    await one.close()
    await other.close()


@pytest.mark.parametrize("closed_first", [True, False])
async def test_a_request_that_is_given_up_leaves_nothing_in_the_engine(
    host: Host, closed_first: bool
) -> None:
    stays, goes = Session(), Session()
    request = asyncio.create_task(goes.get(f"{host.url}/held"))
    await host.seen.wait()

    if closed_first:
        await goes.close()
    request.cancel()
    await asyncio.wait({request})
    await goes.close()

    assert stays.acurl._curl2future == {}
    assert (await stays.get(host.url)).status_code == 200
    await stays.close()


@pytest.mark.parametrize("alone", [True, False])
async def test_closing_a_session_ends_its_own_requests_and_no_others(
    host: Host, alone: bool
) -> None:
    goes = Session()
    request = asyncio.create_task(goes.get(f"{host.url}/held"))
    await host.seen.wait()
    stays = None if alone else Session()
    if stays:
        host.seen.clear()
        other = asyncio.create_task(stays.get(f"{host.url}/held"))
        await host.seen.wait()

    await goes.close()

    with pytest.raises(RequestException):
        await request
    if stays:
        host.held.set()
        assert (await other).status_code == 200
        await stays.close()
