from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from mjproxy.lib.process import event_loop
from mjproxy.lib.safe_http import client, networks
from mjproxy.lib.safe_http.client import Unfetchable, check_url
from tests.http_server import Server, always, never
from tests.mjproxy.lib.safe_http.guarded_fetch import PNG, Answers, Fetched, get

# --- what an address may look like ---------------------------------------------------


@pytest.mark.parametrize(
    ("url", "one_spelling"),
    [
        ("http://example.com", "http://example.com"),
        ("https://example.com:8443/a?b=c", "https://example.com:8443/a?b=c"),
        ("https://EXAMPLE.com/", "https://example.com/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://8.8.8.8/x", "http://8.8.8.8/x"),
        ("http://134744072/x", "http://8.8.8.8/x"),
        ("http://[2606:4700:4700::1111]/", "http://[2606:4700:4700::1111]/"),
        ("http://a_b.example/", "http://a_b.example/"),
        ("http://example.com/@here", "http://example.com/@here"),
        ("http://receiver:9000/", "http://receiver:9000/"),
    ],
)
def test_good_addresses_pass(url: str, one_spelling: str) -> None:
    assert str(check_url(url)) == one_spelling


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "/images/1",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://user@example.com/",
        "http://user:pw@example.com/",
        "http://@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:8a/",
        "http://exa mple.com/",
        "http://example.com/\r\nX: y",
        "http://example.com/\x00",
        "http://local\thost/",
        "http://example.com/\u2028",
        "http://a..b/",
        "http://-a.com/",
        "http://" + "a" * 64 + ".com/",
        "http://" + "a." * 130 + "com/",
        "http://%6cocalhost/",
        "http://1.2.3.4.5/",
        "http://4294967296/",
        "http://256.256.256.256/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://example.com/" + "a" * 2000,
    ],
)
def test_malformed_addresses_are_refused(url: str) -> None:
    with pytest.raises(Unfetchable) as refused:
        check_url(url)

    assert refused.value.permanent
    assert refused.value.zh
    assert refused.value.en


HOSTILE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1:8080/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[ff02::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_private_addresses_are_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(Unfetchable, match="not a public one"):
        check_url(url)


@pytest.mark.parametrize("url", HOSTILE)
def test_none_of_them_is_dialled_past_the_check(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dial() -> None:
        async with client.open_session() as session, session.get(url):
            raise AssertionError("connected")

    with pytest.raises(Exception) as refused:  # noqa: PT011
        event_loop.run(dial())

    assert not isinstance(refused.value, AssertionError)


def test_private_addresses_are_allowed_by_the_setting(private: None) -> None:
    assert str(check_url("http://127.1:9000/x")) == "http://127.0.0.1:9000/x"
    assert check_url("http://[::1]:6379/")


def test_metadata_services_are_refused_whatever_the_setting(private: None) -> None:
    with pytest.raises(Unfetchable):
        check_url("http://169.254.169.254/latest/meta-data/")


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 11211])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(Unfetchable, match="not one of HTTP"):
        check_url(f"http://example.com:{port}/")


# --- what a name may lead to ---------------------------------------------------------


def test_a_name_with_a_private_address_is_refused() -> None:
    with pytest.raises(Unfetchable, match="private address"):
        get("http://private.example/", resolver=Answers("127.0.0.1"))


def test_localhost_is_refused() -> None:
    with pytest.raises(Unfetchable):
        get("http://localhost:9000/")


def test_only_the_public_ones_of_several_addresses_are_dialled() -> None:
    async def resolve() -> list[str]:
        guarded = client.GuardedResolver(Answers("127.0.0.1 8.8.8.8 ::1"))
        return [each["host"] for each in await guarded.resolve("mixed.example")]

    assert event_loop.run(resolve()) == ["8.8.8.8"]


def test_a_name_is_resolved_once_and_what_was_vetted_is_dialled(
    png_server: Server,
) -> None:
    port = png_server.origin.rpartition(":")[2]
    changing = Answers("127.0.0.1", "127.0.0.2")

    fetched = get(f"http://rebind.example:{port}/", resolver=changing)

    assert fetched.body == PNG
    assert changing.asked == 1
    assert png_server.calls[0].headers["host"] == f"rebind.example:{port}"


def test_a_name_that_turns_private_for_a_redirect_is_refused(
    png_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Public by the first answer, private by the second: the hop is vetted anew.
    port = png_server.origin.rpartition(":")[2]
    monkeypatch.setattr(
        networks, "is_allowed", lambda each, **_: str(each) == "127.0.0.1"
    )
    png_server.handler = always(302, headers={"Location": "/again"})
    changing = Answers("127.0.0.1", "10.0.0.1")

    with pytest.raises(Unfetchable, match="private address"):
        get(f"http://rebind.example:{port}/", resolver=changing)

    assert (len(png_server.calls), changing.asked) == (1, 2)


def test_a_name_that_nobody_knows_is_unfetchable() -> None:
    class Nobody(Answers):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            raise OSError(None, "unknown")

    with pytest.raises(Unfetchable, match="cannot be resolved"):
        get("http://nobody.example/", resolver=Nobody())


# --- fetching ------------------------------------------------------------------------


def test_it_fetches(png_server: Server) -> None:
    fetched = get(f"{png_server.origin}/a.png")

    assert fetched == Fetched(f"{png_server.origin}/a.png", PNG)
    assert "authorization" not in png_server.calls[0].headers
    assert "cookie" not in png_server.calls[0].headers


def test_no_proxy_of_the_environment_is_used(
    png_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")

    assert get(png_server.origin).body == PNG


def test_three_redirects_are_followed_and_no_more(png_server: Server) -> None:
    async def further(request: web.Request) -> web.Response:
        number = int(request.path[1:])
        if number == 0:
            return web.Response(body=PNG, content_type="image/png")
        raise web.HTTPFound(f"{number - 1}")

    png_server.handler = further

    assert get(f"{png_server.origin}/3").url == f"{png_server.origin}/0"
    with pytest.raises(Unfetchable, match="more than 3 redirects"):
        get(f"{png_server.origin}/4")


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "http://a:b@example.com/",
        "http://[x",
    ],
)
def test_each_hop_is_checked(png_server: Server, location: str) -> None:
    png_server.handler = always(302, headers={"Location": location})

    with pytest.raises(Unfetchable):
        get(png_server.origin)

    assert len(png_server.calls) == 1


def test_a_body_without_a_length_is_cut_off_at_the_limit(png_server: Server) -> None:
    cut = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        try:
            while True:
                await response.write(PNG * 3)
        finally:
            cut.set()

    png_server.handler = endless

    with pytest.raises(Unfetchable, match="larger than 1000 bytes"):
        get(png_server.origin)

    event_loop.run(asyncio.wait_for(cut.wait(), 10))


def test_a_server_that_says_nothing_is_left(png_server: Server) -> None:
    png_server.handler = never

    with pytest.raises(Unfetchable, match="timed out"):
        get(png_server.origin, timeout=0.2)
