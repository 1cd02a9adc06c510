from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import socket
from typing import Any

import pytest
from aiohttp import web
from discord.errors import HTTPException

from gateway import timing
from gateway.discord.rest import DiscordHttp
from gateway.discord.transport.browser_headers import client_headers
from gateway.protocol.answers import Verdict
from tests.gateway.rest_server import BODY, Server, addresses, identity
from tests.gateway.wire import CHANNEL, GUILD

# --- interactions --------------------------------------------------------------------


async def test_an_interaction_is_posted_once(server: Server, http: DiscordHttp) -> None:
    answer = await http.post_interaction(BODY)

    (seen,) = server.seen
    assert answer.verdict is Verdict.ACCEPTED
    assert (seen.method, seen.url) == ("POST", f"{server.url}/api/v9/interactions")
    assert json.loads(seen.body) == BODY


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (502, "<html>bad gateway</html>", Verdict.UNKNOWN),
        (500, {"message": "oh"}, Verdict.UNKNOWN),
        (504, "", Verdict.UNKNOWN),
        (429, {"retry_after": 0.3, "global": False}, Verdict.LATER),
        (429, "<html>1015</html>", Verdict.LATER),
        (401, {"code": 0}, Verdict.TOKEN_DEAD),
        (400, {"code": 50035}, Verdict.STALE),
        (400, {"captcha_key": ["captcha-required"]}, Verdict.UNVERIFIED),
        (404, {"code": 10008}, Verdict.REFUSED),
    ],
)
async def test_it_is_never_posted_twice(
    server: Server, http: DiscordHttp, status: int, body: Any, verdict: Verdict
) -> None:
    server.says(status, body)

    answer = await http.post_interaction(BODY)

    assert answer.verdict is verdict
    assert len(server.seen) == 1


async def test_it_waits_as_long_as_the_header_says(
    server: Server, http: DiscordHttp
) -> None:
    server.says(429, "<html>", **{"Retry-After": "17"})

    answer = await http.post_interaction(BODY)

    assert answer.retry_after == 17


async def test_a_redirect_is_not_followed(server: Server, http: DiscordHttp) -> None:
    server.says(307, "", Location=f"{server.url}/elsewhere")

    answer = await http.post_interaction(BODY)

    assert answer.verdict is Verdict.REFUSED
    assert len(server.seen) == 1


async def test_an_answer_of_an_unknown_charset_is_an_answer(
    server: Server, http: DiscordHttp
) -> None:
    async def odd(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=502,
            body=b"\xff<html>",
            headers={"Content-Type": "text/html; charset=klingon"},
        )

    server.answer = odd

    assert (await http.post_interaction(BODY)).verdict is Verdict.UNKNOWN


async def test_a_cut_after_accepting_is_unknown(
    server: Server, http: DiscordHttp
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answer = cut

    answer = await http.post_interaction(BODY)

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.seen) == 1


async def test_a_kept_connection_that_died_does_not_post_twice(
    server: Server, http: DiscordHttp
) -> None:
    await http.post_interaction(BODY)

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answer = cut

    answer = await http.post_interaction(BODY)

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.seen) == 2


async def test_silence_is_unknown(
    server: Server, http: DiscordHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "INTERACTION_TIMEOUT", 0.2)
    enough = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await enough.wait()
        return web.Response(status=204)

    server.answer = silent

    answer = await http.post_interaction(BODY)
    enough.set()

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.seen) == 1


async def test_a_refused_connection_is_for_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = DiscordHttp(identity(), addresses(f"http://127.0.0.1:{port}"))

    answer = await client.post_interaction(BODY)
    await client.aclose()

    assert answer.verdict is Verdict.LATER
    assert (answer.status, answer.retry_after) == (0, 0)  # whoever waits says how long


async def test_a_refusing_proxy_is_for_later(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    proxy = f"http://127.0.0.1:{port}"
    client = DiscordHttp(identity(proxy_url=proxy), addresses(server.url))

    answer = await client.post_interaction(BODY)
    await client.aclose()

    assert answer.verdict is Verdict.LATER
    assert server.seen == []


async def test_a_closed_client_opens_again(server: Server, http: DiscordHttp) -> None:
    await http.post_interaction(BODY)
    await http.aclose()

    assert (await http.post_interaction(BODY)).verdict is Verdict.ACCEPTED


# --- where requests go ---------------------------------------------------------------


async def test_starting_up_sends_nothing_anywhere(server: Server) -> None:
    # Whatever leaves would arrive here, as a proxy sees every request.
    client = DiscordHttp(
        identity(proxy_url=server.url), addresses("http://discord.test")
    )

    await client.startup()
    assert server.seen == []

    server.says(200, {"id": "1"})
    await client.me()
    await client.aclose()
    assert [seen.url for seen in server.seen] == [
        "http://discord.test/api/v9/users/@me"
    ]


async def test_every_request_goes_to_the_configured_server(
    server: Server,
) -> None:
    client = DiscordHttp(identity(), addresses("http://discord.test", proxy=server.url))
    server.says(200, {"id": "1", "application_commands": []})
    await client.me()
    await client.command_index(GUILD)
    await client.post_interaction(BODY)
    server.says(200, [])
    await client.history(CHANNEL, after="7")
    await client.aclose()

    assert [seen.url for seen in server.seen] == [
        "http://discord.test/api/v9/users/@me",
        f"http://discord.test/api/v9/guilds/{GUILD}/application-command-index",
        "http://discord.test/api/v9/interactions",
        f"http://discord.test/api/v9/channels/{CHANNEL}/messages?after=7&limit=100",
    ]


async def test_an_accounts_own_proxy_comes_before_that_of_all(server: Server) -> None:
    client = DiscordHttp(
        identity(proxy_url=server.url),
        addresses("http://discord.test", proxy="http://127.0.0.1:1"),
    )

    await client.post_interaction(BODY)
    await client.aclose()

    assert len(server.seen) == 1


# --- reading -------------------------------------------------------------------------


async def test_history_comes_oldest_first(server: Server, http: DiscordHttp) -> None:
    server.says(200, [{"id": "30"}, {"id": "4"}, {"id": "100"}])

    page = await http.history(CHANNEL, after="1")

    assert [message["id"] for message in page] == ["4", "30", "100"]


async def test_a_refused_token_is_told(server: Server, http: DiscordHttp) -> None:
    server.says(401, {"message": "401: Unauthorized", "code": 0})

    with pytest.raises(HTTPException) as refused:
        await http.me()

    assert refused.value.status == 401


# --- who speaks ----------------------------------------------------------------------

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{}.0.0.0 Safari/537.36"


@pytest.mark.parametrize("user_agent", ["", AGENT.format(131)])
async def test_the_headers_tell_one_story(server: Server, user_agent: str) -> None:
    client = DiscordHttp(identity(user_agent=user_agent), addresses(server.url))
    await client.post_interaction(BODY)
    await client.aclose()

    headers = server.seen[0].headers
    agent = headers["User-Agent"]
    told = json.loads(base64.b64decode(headers["X-Super-Properties"]))
    found = re.search(r"Chrome/(\d+)", agent)
    assert found is not None
    version = found[1]
    assert user_agent in ("", agent)
    assert told["browser_user_agent"] == agent
    assert told["browser_version"] == f"{version}.0.0.0"
    assert told["client_build_number"] == 4711
    assert f'v="{version}"' in headers["Sec-CH-UA"]
    assert headers["Authorization"] == "a-token"
    assert headers["Content-Type"] == "application/json"
    assert headers["Referer"] == f"https://discord.com/channels/{GUILD}/{CHANNEL}"


async def test_reading_and_sending_name_one_browser(
    server: Server, http: DiscordHttp
) -> None:
    server.says(200, {"id": "1"})
    await http.me()
    await http.post_interaction(BODY)

    first, second = (seen.headers for seen in server.seen)
    for name in ("User-Agent", "X-Super-Properties", "Authorization", "Sec-CH-UA"):
        assert first[name] == second[name]


def test_the_programs_dice_are_not_loaded() -> None:
    thrown = []
    for _ in range(2):
        client_headers("", 1)
        thrown.append(random.random())

    assert thrown[0] != thrown[1]


async def test_two_clients_leave_chance_alone(server: Server) -> None:
    thrown = []
    for _ in range(2):
        client = DiscordHttp(identity(), addresses(server.url))
        await client.post_interaction(BODY)
        await client.aclose()
        thrown.append(random.random())

    assert thrown[0] != thrown[1]


def test_an_identity_does_not_show_its_token() -> None:
    assert "a-token" not in repr(identity())


def test_two_tokens_have_two_digests() -> None:
    assert identity().token_digest == identity().token_digest
    assert identity().token_digest != identity(token="another").token_digest
