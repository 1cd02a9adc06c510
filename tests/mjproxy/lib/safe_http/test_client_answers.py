"""Answers are accepted, refused for good, or worth another try."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from mjproxy.lib.safe_http.client import Unfetchable
from tests.http_server import Server, always, listen_on_loopback
from tests.mjproxy.lib.safe_http.guarded_fetch import PNG, Answers, get
from tests.targets import ESCAPED, TARGETS


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (always(404), "HTTP 404"),
        (always(410), "HTTP 410"),
        (always(403), "HTTP 403"),
        (always(401), "HTTP 401"),
        (always(206, body=PNG), "HTTP 206"),
        (always(304), "HTTP 304"),
        (always(text="<html>", content_type="text/html"), "it is text/html"),
        (always(text="<html>", content_type="image/png"), "it is image/png"),
        (always(text="<svg>" * 99, content_type="image/svg+xml"), "it is image/svg"),
        (always(body=b""), "it is "),
        (always(302), "redirect without a valid address"),
        (always(302, headers={"Location": "http:///x"}), "no host"),
        (always(302, headers={"Location": "https://u:p@x/"}), "a name or password"),
        (always(302, headers={"Location": "/"}), "more than 3 redirects"),
        (always(body=PNG * 9, content_type="image/png"), "larger than"),
        (
            always(
                body=gzip.compress(b"x" * 10**6),
                content_type="image/png",
                headers={"Content-Encoding": "gzip"},
            ),
            "compressed",
        ),
    ],
)
def test_other_answers_are_refused_for_good(
    png_server: Server, handler: Any, reason: str
) -> None:
    png_server.handler = handler

    with pytest.raises(Unfetchable, match=reason) as refused:
        get(png_server.origin)

    assert refused.value.permanent


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_some_answers_may_be_better_later(png_server: Server, status: int) -> None:
    png_server.handler = always(status)

    with pytest.raises(Unfetchable, match=f"HTTP {status}") as refused:
        get(png_server.origin)

    assert not refused.value.permanent


@pytest.mark.parametrize(
    ("number", "for_good"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)]
)
def test_a_name_that_nobody_knows_is_told_from_one_that_nobody_looked_up(
    private: None, number: int, for_good: bool
) -> None:
    class Nobody(Answers):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            raise OSError(number, "unknown")

    with pytest.raises(Unfetchable, match="cannot be resolved") as refused:
        get("http://nobody.example/", resolver=Nobody())

    assert refused.value.permanent is for_good


def test_where_nobody_listens_nobody_is_asked_again(png_server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(Unfetchable, match="cannot connect") as refused:
        get(f"http://127.0.0.1:{port}/")

    assert refused.value.permanent


@pytest.mark.parametrize(
    "label",
    [
        "application/octet-stream",
        "binary/octet-stream",
        "text/plain",
        "text/html",
        "image/webp",
        "nonsense",
    ],
)
def test_a_picture_is_one_whatever_it_is_called(png_server: Server, label: str) -> None:
    png_server.handler = always(body=PNG, headers={"Content-Type": label})

    assert get(png_server.origin).body == PNG


def test_a_picture_without_a_label_is_one(png_server: Server) -> None:
    async def talk(reader: Any, writer: Any) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PNG))
        writer.write(PNG)
        await writer.drain()
        writer.close()

    with listen_on_loopback(talk) as origin:
        assert get(origin).body == PNG


def test_a_page_is_left_after_its_first_bytes(png_server: Server) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(b"<html>" * 10)
        await asyncio.wait_for(asyncio.Event().wait(), 60)
        return response

    png_server.handler = page

    with pytest.raises(Unfetchable, match="it is text/html"):
        get(png_server.origin)


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_is_asked_byte_for_byte(png_server: Server, target: str) -> None:
    get(png_server.origin + target)

    assert png_server.calls[0].target == target


@pytest.mark.parametrize(("written", "sent"), ESCAPED.items())
def test_a_link_in_another_script_is_escaped(
    png_server: Server, written: str, sent: str
) -> None:
    get(png_server.origin + written)

    assert png_server.calls[0].target == sent


@pytest.mark.parametrize("target", TARGETS)
def test_a_redirect_is_followed_byte_for_byte(png_server: Server, target: str) -> None:
    locations = [png_server.origin + target]
    if not target.startswith("//"):  # that would be a host
        locations.append(target)
    count = len(locations)

    async def further(request: web.Request) -> web.Response:
        if request.raw_path == "/first":
            return web.Response(status=302, headers={"Location": locations.pop()})
        return web.Response(body=PNG)

    png_server.handler = further
    for _ in range(count):
        get(f"{png_server.origin}/first")

        assert png_server.calls[-1].target == target
