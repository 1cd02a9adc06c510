"""An answer that is no JSON, or of another shape, is one error for every caller."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from aiohttp import web
from discord.errors import DiscordException, HTTPException

from gateway.discord import index_reader
from gateway.discord.rest import DiscordHttp
from gateway.discord.transport.json_bodies import NotDiscord
from gateway.discord.uploads import UploadFailed, link
from gateway.protocol.answers import Verdict
from tests.gateway.rest_server import BODY, Server, addresses, identity
from tests.gateway.simulated import control, run_simulator, spec_of
from tests.gateway.wire import CHANNEL, GUILD

Call = Callable[[DiscordHttp], Awaitable[Any]]

CALLS: Final[dict[str, Call]] = {
    "me": lambda http: http.me(),
    "history": lambda http: http.history(CHANNEL, after="1"),
    "offer_file": lambda http: http.offer_file(CHANNEL, "a.png", 7),
    "post_file": lambda http: http.post_file(CHANNEL, "a.png", "up/a.png", "96"),
    "refresh_link": lambda http: http.refresh_link("https://cdn.example/a.png"),
    "open_dm": lambda http: http.open_dm("936929561302675456"),
    "react": lambda http: http.react(CHANNEL, "1", "✉️"),
    "acknowledge": lambda http: http.acknowledge(CHANNEL, "1", 4000),
    "command_index": lambda http: http.command_index(GUILD),
}
# Those that read no answer of Discord's REST, or have tests of their own below.
OTHERS: Final = {
    *("startup", "aclose", "request", "ws_connect"),
    *("send_plainly", "look", "post_interaction"),
}
NO_JSON: Final = {
    "half": b'{"id": "1", "attach',
    "html": b"<!doctype html><title>Sign in</title>",
    "bytes": b"\xff\xfe\x00",
    "number": b"7",
    "null": b"null",
    "string": b'"fine"',
}
ODD: Final = (b"{}", b"[]", b"[7]", b'{"id": null}', b'{"attachments": [7]}')


def say(server: Server, body: bytes, status: int = 200, **headers: str) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        kind = {"Content-Type": "application/json"}
        return web.Response(status=status, body=body, headers=kind | headers)

    server.answer = answer


def test_no_method_is_forgotten() -> None:
    methods = {
        name
        for name, function in vars(DiscordHttp).items()
        if inspect.iscoroutinefunction(function) and not name.startswith("_")
    }

    assert methods == set(CALLS) | OTHERS


@pytest.mark.parametrize("body", [b"", *NO_JSON.values()], ids=["empty", *NO_JSON])
@pytest.mark.parametrize("name", CALLS)
async def test_what_is_no_json_is_not_discord(
    server: Server, http: DiscordHttp, name: str, body: bytes
) -> None:
    say(server, body)

    if (name, body) == ("react", b""):  # Discord answers it with 204
        await CALLS[name](http)
        return
    with pytest.raises(NotDiscord):
        await CALLS[name](http)

    assert len(server.seen) == 1


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("name", CALLS)
async def test_no_shape_raises_anything_else(
    server: Server, http: DiscordHttp, name: str, body: bytes
) -> None:
    say(server, body)

    with contextlib.suppress(NotDiscord):
        await CALLS[name](http)

    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"", *NO_JSON.values()], ids=["empty", *NO_JSON])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
async def test_the_status_counts_whatever_the_body(
    server: Server, http: DiscordHttp, status: int, body: bytes
) -> None:
    say(server, body, status)

    with pytest.raises(HTTPException) as refused:
        await http.me()

    assert refused.value.status == status


@pytest.mark.parametrize("body", [b"", *NO_JSON.values()], ids=["empty", *NO_JSON])
async def test_a_long_rate_limit_is_one_whatever_the_body(
    server: Server, http: DiscordHttp, body: bytes
) -> None:
    say(server, body, 429, **{"Retry-After": "900"})

    with pytest.raises(DiscordException):
        await http.me()


@pytest.mark.parametrize("body", [b"{}", b'{"code": 110000}', b"[]"])
async def test_an_odd_answer_to_a_list_that_is_not_ready(
    server: Server, http: DiscordHttp, body: bytes
) -> None:
    say(server, body, 202)

    with pytest.raises(NotDiscord):
        await http.command_index(GUILD)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body", [b"", *NO_JSON.values()], ids=["empty", *NO_JSON])
async def test_an_interaction_may_have_been_taken_or_not(
    server: Server, http: DiscordHttp, status: int, body: bytes
) -> None:
    say(server, body, status)

    answer = await http.post_interaction(BODY)

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.seen) == 1


async def test_a_look_tells_what_was_said(server: Server, http: DiscordHttp) -> None:
    say(server, NO_JSON["half"])

    assert await http.look("/users/@me", timeout=5) == (200, NO_JSON["half"].decode())


# --- those who ask -------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", *NO_JSON.values(), *ODD])
async def test_a_command_index_that_cannot_be_read_is_told(
    server: Server, http: DiscordHttp, body: bytes
) -> None:
    say(server, body)

    assert "cannot be read" in await index_reader.read_index(http)


@pytest.mark.parametrize("body", [b"", *NO_JSON.values(), *ODD])
async def test_an_upload_is_tried_again(
    server: Server, http: DiscordHttp, body: bytes
) -> None:
    say(server, body)

    with pytest.raises(UploadFailed) as failed:
        await link(http, CHANNEL, "a.png", b"bytes", "image/png")

    assert not failed.value.permanent


@pytest.mark.parametrize("form", ["empty", "half", "html"])
async def test_every_answer_of_the_simulator_can_lose_its_body(form: str) -> None:
    spec = spec_of(1)
    calls: dict[str, Call] = {
        **{name: CALLS[name] for name in ("me", "open_dm")},
        "command_index": lambda http: http.command_index(spec.guild_id),
        "history": lambda http: http.history(spec.channel_id, after="1"),
        "offer_file": lambda http: http.offer_file(spec.channel_id, "a.png", 7),
    }
    async with run_simulator() as simulator:
        http = DiscordHttp(identity(token=spec.user_token), addresses(simulator.url))
        for call in calls.values():
            await call(http)
        await control(simulator, "PATCH", "/knobs", {"garbled": form})

        for call in calls.values():
            with pytest.raises(NotDiscord):
                await call(http)
        await http.aclose()
