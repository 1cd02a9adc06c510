"""Requests to hosts other than Discord's: no token, no endless answer."""

from __future__ import annotations

import contextlib
import re

import pytest
from aiohttp import web
from curl_cffi.requests.exceptions import RequestException

from gateway.discord import rest
from gateway.discord.rest import DiscordHttp
from tests.gateway.rest_server import Server
from tests.targets import TARGETS


async def test_what_is_sent_plainly_carries_no_token(
    server: Server, http: DiscordHttp
) -> None:
    server.says(200, {"hash": "h"})

    found = await http.send_plainly("GET", f"{server.url}/captcha", headers={})

    (seen,) = server.seen
    assert found == (200, b'{"hash": "h"}')
    assert (seen.method, seen.body) == ("GET", b"")
    assert "a-token" not in str(seen.headers)


@pytest.mark.parametrize("target", TARGETS)
async def test_an_address_is_asked_byte_for_byte(
    server: Server, http: DiscordHttp, target: str
) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response()

    server.answer = answer

    await http.send_plainly("PUT", server.url + target, headers={}, data=b"x")

    # The library writes the escapes of a path in capitals, whatever it is told.
    path, mark, query = target.partition("?")
    capitals = re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), path)
    assert asked == [capitals + mark + query]


@pytest.mark.parametrize("sized", [True, False])
async def test_an_endless_answer_breaks_off(
    server: Server,
    http: DiscordHttp,
    monkeypatch: pytest.MonkeyPatch,
    sized: bool,
) -> None:
    monkeypatch.setattr(rest, "MOST_BYTES", 10_000)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if sized:
            response.content_length = 1_000_000
        await response.prepare(request)
        with contextlib.suppress(OSError):
            for _ in range(100):
                await response.write(b"x" * 10_000)
        return response

    server.answer = endless

    with pytest.raises(RequestException):
        await http.send_plainly("GET", server.url, headers={})
