from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from mjproxy.web.allowed_hosts import allowed_hosts, public_url


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("https://draw.example.com", "https://draw.example.com"),
        ("HTTPS://Draw.Example.COM/", "https://draw.example.com"),
        ("https://draw.example.com:443//", "https://draw.example.com"),
        ("https://draw.example.com.", "https://draw.example.com"),
        ("http://draw.example.com:80", "http://draw.example.com"),
        ("https://draw.example.com:80", "https://draw.example.com:80"),
        ("http://draw.example.com:8080/", "http://draw.example.com:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080"),
        ("https://[::1]:443/", "https://[::1]"),
        ("http://mj_proxy:8080", "http://mj_proxy:8080"),
        ("https://例え.example", "https://xn--r8jz45g.example"),
    ],
)
def test_a_public_url_is_an_origin_as_browsers_write_it(text: str, found: str) -> None:
    assert public_url("X", text) == found


@pytest.mark.parametrize(
    "text",
    [
        "draw.example.com",
        "//draw.example.com",
        "ftp://draw.example.com",
        "https://",
        "https:///path",
        "https://draw.example.com/mj",
        "https://draw.example.com/a/",
        "https://draw.example.com?x=1",
        "https://draw.example.com/?",
        "https://draw.example.com#a",
        "https://me:hush@draw.example.com",
        "https://draw.example.com:0",
        "https://draw.example.com:70000",
        "https://draw.example.com:port",
        "https://draw .example.com",
        "https://a.example,https://b.example",
        "https://a.example b.example",
        "https://*.example.com",
        "https://draw..example.com",
        "https://-.example.com",
        "https://[::1",
        "https://[nonsense]",
        "https://" + "a." * 200 + "example",
        "https://draw.example.com\\evil",
    ],
)
def test_a_public_url_that_is_more_or_less_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X") as refused:
        public_url("X", text)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("draw.example.com", ["draw.example.com"]),
        ("https://Draw.example.com/", ["draw.example.com"]),
        ("draw.example.com:8080", ["draw.example.com"]),
        ("a.b, b.b;c.b\nd.b，e.b f.b", ["a.b", "b.b", "c.b", "d.b", "e.b", "f.b"]),
        (" a.example ,, A.example", ["a.example"]),
        ("*", ["*"]),
        (".example.com", [".example.com"]),
        ("*.example.com", [".example.com"]),
        ("::1", ["[::1]"]),
        ("[2001:DB8::1]:8080, 10.0.0.1:80", ["[2001:db8::1]", "10.0.0.1"]),
        ("例え.example", ["xn--r8jz45g.example"]),
        ("mj_proxy", ["mj_proxy"]),
    ],
)
def test_allowed_hosts_are_names_alone(text: str, found: list[str]) -> None:
    assert allowed_hosts("X", text) == found


@pytest.mark.parametrize(
    "text",
    [
        "https://draw.example.com/mj",
        "draw.example.com/mj",
        "a.example, b.example/path",
        "me@draw.example.com",
        "draw.example.com:0",
        "draw.example.com:http",
        "draw..example.com",
        "a*.example.com",
        "https://",
        "[::1",
        "[::g]",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X"):
        allowed_hosts("X", text)


def test_what_comes_out_is_what_django_compares_with() -> None:
    names = allowed_hosts("X", "HTTPS://Draw.Example.com:443, [::1]:80, *.b.example")

    for host in ("draw.example.com", "[::1]", "a.b.example"):
        assert validate_host(host, names)
    assert not validate_host("b.example.evil.com", names)
