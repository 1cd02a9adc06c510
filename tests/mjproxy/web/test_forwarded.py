from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.people.callers import client_ip
from mjproxy.web.forwarded import (
    ForwardedHeadersMiddleware,
    address_in,
    apply_forwarded_headers,
)
from tests.conftest import ALICES_KEY

PEER = "9.9.9.9"
FOR, PROTO, HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"
Lines = list[tuple[str, str]]


def scope(lines: Lines, *, kind: str = "http", scheme: str = "http") -> dict[str, Any]:
    lines = [("host", "inner:8080"), *lines]
    return {
        "type": kind,
        "scheme": {"websocket": "wss" if scheme == "https" else "ws"}.get(kind, scheme),
        "client": [PEER, 5000],
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin1")) for name, value in lines],
    }


def seen(lines: Lines, proxies: int = 1, **how: Any) -> tuple[str, str, str]:
    """Return the caller's address, the scheme and the host as the pages find them."""
    found = apply_forwarded_headers(scope(lines, **how), proxies)
    hosts = [value.decode() for name, value in found["headers"] if name == b"host"]
    return found["client"][0], found["scheme"], ",".join(hosts)


OURS = "inner:8080"
UNCHANGED = (PEER, "http", OURS)


@pytest.mark.parametrize(
    ("proxies", "value", "found"),
    [
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (3, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6,1.1.1.1", "1.1.1.1"),
        (1, " 6.6.6.6 ,\t1.1.1.1 ", "1.1.1.1"),
        (1, "6.6.6.6, , 1.1.1.1, ", "1.1.1.1"),
        (1, "1.1.1.1:5000", "1.1.1.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "[2001:db8::1]:5000", "2001:db8::1"),
        (1, '"[2001:db8::1]:5000"', "2001:db8::1"),
        (2, "[2001:db8::1]:5000, 2.2.2.2:6000", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "[fe80::1%25eth0]:80", "fe80::1"),
        (1, "::ffff:1.1.1.1", "1.1.1.1"),
        (1, "[::ffff:1.1.1.1]:80", "1.1.1.1"),
        (1, "unknown", PEER),
        (1, "6.6.6.6, unknown", PEER),
        (1, "nonsense", PEER),
        (1, "1.1.1.1.1", PEER),
        (1, "", PEER),
        (1, ", ,", PEER),
    ],
)
def test_the_caller_is_who_the_outermost_trusted_proxy_saw(
    proxies: int, value: str, found: str
) -> None:
    for kind in ("http", "websocket"):
        assert seen([(FOR, value)], proxies, kind=kind)[0] == found


def test_several_lines_of_a_header_are_one_list() -> None:
    lines = [(FOR, "6.6.6.6, 1.1.1.1"), (FOR, "2.2.2.2")]

    assert seen(lines, 1)[0] == "2.2.2.2"
    assert seen(lines, 2)[0] == "1.1.1.1"


@pytest.mark.parametrize(
    ("proxies", "value", "secure"),
    [
        (1, "https", True),
        (1, "HTTPS", True),
        (1, " https ", True),
        (1, "wss", True),
        (1, "http", False),
        (1, "ws", False),
        (1, "https, http", False),
        (2, "https, http", True),
        (2, "https,http", True),
        (2, "http, https, http", True),
        (3, "https", True),
        (1, "https, ", True),
        (1, "spdy", False),
        (1, "", False),
    ],
)
def test_the_scheme_is_what_the_outermost_trusted_proxy_spoke(
    proxies: int, value: str, secure: bool
) -> None:
    lines = [(PROTO, value)]

    assert seen(lines, proxies)[1] == ("https" if secure else "http")
    assert seen(lines, proxies, kind="websocket")[1] == ("wss" if secure else "ws")


def test_a_proxy_may_also_take_tls_away() -> None:
    assert seen([(PROTO, "http")], scheme="https")[1] == "http"
    assert seen([], scheme="https")[1] == "https"


@pytest.mark.parametrize(
    ("proxies", "value", "found"),
    [
        (1, "draw.example.com", "draw.example.com"),
        (1, "Draw.Example.COM", "draw.example.com"),
        (1, "evil.example, draw.example.com", "draw.example.com"),
        (2, "draw.example.com, inner.example", "draw.example.com"),
        (3, "draw.example.com", "draw.example.com"),
        (1, "draw.example.com:8443", "draw.example.com:8443"),
        (1, "draw.example.com:80", "draw.example.com"),
        (1, "draw.example.com:443", "draw.example.com:443"),
        (1, "[2001:db8::1]", "[2001:db8::1]"),
        (1, "[2001:DB8::1]:80", "[2001:db8::1]"),
        (1, "[2001:db8::1]:8080", "[2001:db8::1]:8080"),
        (1, "", "inner:8080"),
    ],
)
def test_the_host_is_what_the_outermost_trusted_proxy_was_asked_for(
    proxies: int, value: str, found: str
) -> None:
    assert seen([(HOST, value)], proxies)[2] == found


def test_the_port_of_the_scheme_is_left_out_as_browsers_do() -> None:
    lines = [(HOST, "draw.example.com:443"), (PROTO, "https")]

    assert seen(lines)[1:] == ("https", "draw.example.com")
    assert seen(lines, kind="websocket")[1:] == ("wss", "draw.example.com")


@pytest.mark.parametrize(
    ("proxies", "value", "found"),
    [
        (
            1,
            "for=1.1.1.1;proto=https;host=a.example",
            ("1.1.1.1", "https", "a.example"),
        ),
        (
            1,
            'For="[2001:db8::1]:47"; Proto=HTTPS',
            ("2001:db8::1", "https", "inner:8080"),
        ),
        (
            2,
            'for=6.6.6.6;host=evil, for="1.1.1.1:80";proto=https;host="a.example:443", '
            "for=2.2.2.2",
            ("1.1.1.1", "https", "a.example"),
        ),
        (1, "for=6.6.6.6;proto=https, for=1.1.1.1", ("1.1.1.1", "http", "inner:8080")),
        (1, 'for="1.1.1.1, 2.2.2.2";host="b\\.example"', (PEER, "http", "b.example")),
        (1, "for=unknown;proto=https", (PEER, "https", "inner:8080")),
        (1, "for=_hidden", UNCHANGED),
        (1, "1.1.1.1", UNCHANGED),
        (1, 'for="1.1.1.1', UNCHANGED),
        (1, ';;,,="', UNCHANGED),
    ],
)
def test_the_standard_header_is_read_too(
    proxies: int, value: str, found: tuple[str, str, str]
) -> None:
    assert seen([("forwarded", value)], proxies) == found


def test_the_standard_header_does_not_count_beside_the_others() -> None:
    lines = [("forwarded", "for=6.6.6.6;host=evil;proto=https"), (FOR, "1.1.1.1")]

    assert seen(lines) == ("1.1.1.1", "http", "inner:8080")


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_without_trusted_proxies_nobody_is_believed(kind: str) -> None:
    lines = [
        (FOR, "1.1.1.1"),
        (PROTO, "https"),
        (HOST, "evil"),
        ("forwarded", "for=1.1.1.1"),
    ]

    found = apply_forwarded_headers(scope(lines, kind=kind), 0)

    assert found["client"][0] == PEER
    assert found["scheme"] in ("http", "ws")
    assert found["headers"] == [(b"host", b"inner:8080")]


def test_two_hosts_stay_two() -> None:
    assert seen([("host", "other")])[2] == "inner:8080,other"


async def test_the_pages_find_it_where_django_looks() -> None:
    requests = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        requests.append(ASGIRequest(scope | {"method": "GET"}, BytesIO()))

    lines = [(FOR, "[2001:db8::1]:5"), (PROTO, "https"), (HOST, "localhost:443")]
    await ForwardedHeadersMiddleware(app, 1)(scope(lines), None, None)  # type: ignore[arg-type]

    (request,) = requests
    assert request.is_secure()
    assert request.build_absolute_uri("/x") == "https://localhost/x"
    assert client_ip(request) == "2001:db8::1"


async def test_other_scopes_pass_as_they_are() -> None:
    passed = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope)

    await ForwardedHeadersMiddleware(app, 1)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    assert passed == [{"type": "lifespan"}]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FOR, PROTO, HOST, "forwarded", "host"]),
            st.text(st.characters(max_codepoint=255), max_size=40),
        ),
        max_size=6,
    ),
    st.integers(0, 16),
)
def test_nothing_that_a_caller_writes_breaks_it(lines: Lines, proxies: int) -> None:
    found = apply_forwarded_headers(scope(lines), proxies)

    assert address_in(found["client"][0]) == found["client"][0]
    assert found["scheme"] in ("http", "https")


def test_a_long_header_takes_no_time() -> None:
    value = 'for="' + "," * 30_000 + '";' + ",for=1" * 10_000 + '"' * 10_000

    assert seen([("forwarded", value), (PROTO, "")])[1] == "http"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("host", ["draw.example.com", "draw.example.com:443"])
async def test_a_person_signs_in_behind_a_proxy(
    alice: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    settings.ALLOWED_HOSTS = ["draw.example.com"]
    client = AsyncClient(enforce_csrf_checks=True)
    inner: Any = client.handler
    monkeypatch.setattr(
        client, "handler", lambda each: inner(apply_forwarded_headers(each, 1))
    )
    said = {HOST: host, PROTO: "https", FOR: "6.6.6.6, [2001:db8::1]:5000"}
    page = await client.get("/sign-in", headers=said)
    form = {"key": ALICES_KEY, "csrfmiddlewaretoken": page.context["csrf_token"]}

    done = await client.post(
        "/sign-in", form, headers=said | {"origin": "https://draw.example.com"}
    )

    assert done.status_code == 302
