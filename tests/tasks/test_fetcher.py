from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pytest_django.fixtures import Settings

from tasks import bridge, fetcher, networks
from tasks.fetcher import Fetched, Unfetchable, check_url
from tasks.kinds import is_picture
from tests.targets import ESCAPED, TARGETS
from tests.tasks.servers import Server, always, listening, never, serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Answers(AbstractResolver):
    """Resolves a name to the given addresses, one answer after the other."""

    def __init__(self, *addresses: str) -> None:
        self.left, self.asked = list(addresses), 0

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.left.pop(0).split()
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def private(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture
def server(private: None) -> Iterator[Server]:
    with serving(always(body=PNG, content_type="image/png")) as server:
        yield server


def get(url: str, **kwargs: Any) -> Fetched:
    values: dict[str, Any] = {"max_bytes": 1000, "wanted": is_picture}
    return bridge.run(fetcher.get(url, **(values | kwargs)))


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
        async with fetcher.open_session() as session, session.get(url):
            raise AssertionError("connected")

    with pytest.raises(Exception) as refused:  # noqa: PT011
        bridge.run(dial())

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


def test_a_name_that_leads_home_is_refused() -> None:
    with pytest.raises(Unfetchable, match="private address"):
        get("http://home.example/", resolver=Answers("127.0.0.1"))


def test_localhost_is_refused() -> None:
    with pytest.raises(Unfetchable):
        get("http://localhost:9000/")


def test_only_the_public_ones_of_several_addresses_are_dialled() -> None:
    async def resolve() -> list[str]:
        guarded = fetcher.GuardedResolver(Answers("127.0.0.1 8.8.8.8 ::1"))
        return [each["host"] for each in await guarded.resolve("mixed.example")]

    assert bridge.run(resolve()) == ["8.8.8.8"]


def test_a_name_is_resolved_once_and_what_was_vetted_is_dialled(
    server: Server,
) -> None:
    port = server.origin.rpartition(":")[2]
    changing = Answers("127.0.0.1", "127.0.0.2")

    fetched = get(f"http://rebind.example:{port}/", resolver=changing)

    assert fetched.body == PNG
    assert changing.asked == 1
    assert server.calls[0].headers["host"] == f"rebind.example:{port}"


def test_a_name_that_turns_private_for_a_redirect_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Public by the first answer, private by the second: the hop is vetted anew.
    port = server.origin.rpartition(":")[2]
    monkeypatch.setattr(
        networks, "is_allowed", lambda each, **_: str(each) == "127.0.0.1"
    )
    server.handler = always(302, headers={"Location": "/again"})
    changing = Answers("127.0.0.1", "10.0.0.1")

    with pytest.raises(Unfetchable, match="private address"):
        get(f"http://rebind.example:{port}/", resolver=changing)

    assert (len(server.calls), changing.asked) == (1, 2)


def test_a_name_that_nobody_knows_is_unfetchable() -> None:
    class Nobody(Answers):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            raise OSError(None, "unknown")

    with pytest.raises(Unfetchable, match="cannot be resolved"):
        get("http://nobody.example/", resolver=Nobody())


# --- fetching ------------------------------------------------------------------------


def test_it_fetches(server: Server) -> None:
    fetched = get(f"{server.origin}/a.png")

    assert fetched == Fetched(f"{server.origin}/a.png", PNG)
    assert "authorization" not in server.calls[0].headers
    assert "cookie" not in server.calls[0].headers


def test_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")

    assert get(server.origin).body == PNG


def test_three_redirects_are_followed_and_no_more(server: Server) -> None:
    async def further(request: web.Request) -> web.Response:
        number = int(request.path[1:])
        if number == 0:
            return web.Response(body=PNG, content_type="image/png")
        raise web.HTTPFound(f"{number - 1}")

    server.handler = further

    assert get(f"{server.origin}/3").url == f"{server.origin}/0"
    with pytest.raises(Unfetchable, match="more than 3 redirects"):
        get(f"{server.origin}/4")


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "http://a:b@example.com/",
        "http://[x",
    ],
)
def test_each_hop_is_checked(server: Server, location: str) -> None:
    server.handler = always(302, headers={"Location": location})

    with pytest.raises(Unfetchable):
        get(server.origin)

    assert len(server.calls) == 1


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
        (always(302), "redirect to no address"),
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
    server: Server, handler: Any, reason: str
) -> None:
    server.handler = handler

    with pytest.raises(Unfetchable, match=reason) as refused:
        get(server.origin)

    assert refused.value.permanent


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_some_answers_may_be_better_later(server: Server, status: int) -> None:
    server.handler = always(status)

    with pytest.raises(Unfetchable, match=f"HTTP {status}") as refused:
        get(server.origin)

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


def test_where_nobody_listens_nobody_is_asked_again(server: Server) -> None:
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
def test_a_picture_is_one_whatever_it_is_called(server: Server, label: str) -> None:
    server.handler = always(body=PNG, headers={"Content-Type": label})

    assert get(server.origin).body == PNG


def test_a_picture_without_a_label_is_one(server: Server) -> None:
    async def talk(reader: Any, writer: Any) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PNG))
        writer.write(PNG)
        await writer.drain()
        writer.close()

    with listening(talk) as origin:
        assert get(origin).body == PNG


def test_a_page_is_left_after_its_first_bytes(server: Server) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(b"<html>" * 10)
        await asyncio.sleep(60)  # ended with the connection
        return response

    server.handler = page

    with pytest.raises(Unfetchable, match="it is text/html"):
        get(server.origin)


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_is_asked_byte_for_byte(server: Server, target: str) -> None:
    get(server.origin + target)

    assert server.calls[0].target == target


@pytest.mark.parametrize(("written", "sent"), ESCAPED.items())
def test_a_link_in_another_script_is_escaped(
    server: Server, written: str, sent: str
) -> None:
    get(server.origin + written)

    assert server.calls[0].target == sent


@pytest.mark.parametrize("target", TARGETS)
def test_a_redirect_is_followed_byte_for_byte(server: Server, target: str) -> None:
    locations = [server.origin + target]
    if not target.startswith("//"):  # that would be a host
        locations.append(target)
    count = len(locations)

    async def further(request: web.Request) -> web.Response:
        if request.raw_path == "/first":
            return web.Response(status=302, headers={"Location": locations.pop()})
        return web.Response(body=PNG)

    server.handler = further
    for _ in range(count):
        get(f"{server.origin}/first")

        assert server.calls[-1].target == target


def test_a_body_without_a_length_is_cut_off_at_the_limit(server: Server) -> None:
    cut = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        try:
            while True:
                await response.write(PNG * 3)
        finally:
            cut.set()

    server.handler = endless

    with pytest.raises(Unfetchable, match="larger than 1000 bytes"):
        get(server.origin)

    bridge.run(asyncio.wait_for(cut.wait(), 10))


def test_a_server_that_says_nothing_is_left(server: Server) -> None:
    server.handler = never

    with pytest.raises(Unfetchable, match="timed out"):
        get(server.origin, timeout=0.2)
