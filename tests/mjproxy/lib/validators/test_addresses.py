from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from mjproxy.lib.validators import addresses
from mjproxy.lib.validators.addresses import WrongAddress, exact, joined, parts_of
from tests.targets import ESCAPED, TARGETS

Rule = Callable[[str], None]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "origin", ["http://a_b:8080", "https://x.example", "http://[::1]"]
)
def test_an_address_stays_as_it_is_written(origin: str, target: str) -> None:
    url = exact(origin + target)

    assert str(url) == origin + target
    assert url.raw_path_qs == target


@pytest.mark.parametrize(("written", "sent"), ESCAPED.items())
def test_only_what_is_not_ascii_is_escaped(written: str, sent: str) -> None:
    assert exact(f"http://a_b:8080{written}").raw_path_qs == sent


def test_bytes_of_no_script_are_escaped_as_they_were() -> None:
    assert addresses.escaped("/\udce9\udcff?a=%2f") == "/%E9%FF?a=%2f"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("http://mj_proxy:8080/x", "http://mj_proxy:8080"),
        ("HTTP://New-API:3000/notify", "http://new-api:3000"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("http://134744072/x", "http://8.8.8.8"),
        ("http://[2606:4700::1111]:80/", "http://[2606:4700::1111]:80"),
        ("http://x.example./", "http://x.example"),
    ],
)
def test_a_host_has_one_spelling(written: str, origin: str) -> None:
    assert parts_of(written).origin == origin


GOOD = [
    "http://new-api:3000/notify",
    "http://mj_proxy:8080/cb",
    "http://_x_:1",
    "https://hooks.example/a?b=%2F&c[0]=1",
    "https://例子.example/路径?名=1",
    "http://10.0.0.1/x#y",
    "http://[::1]:8080/",
    "http://localhost",
    "https://x.example/" + "a" * 1900,
]
BAD = [
    "",
    "new-api:3000",
    "ftp://x/",
    "javascript:alert(1)",
    "http:///x",
    "http://",
    "http://:80/",
    "http://x:0/",
    "http://x:99999/",
    "http://x:8a/",
    "http://a b/",
    "http://x/a b",
    "http://x/\r\nHost: y",
    "http://x/\x00",
    "http://u:p@x/",
    "http://x\\@y/",
    "http://-x/",
    "http://a..b/",
    "http://[::1",
    "http://1.2.3.4.5/",
    "http://%78/",
    "http://x/\ud800",
    "http://x/" + "a" * 2000,
]


@pytest.mark.parametrize("value", GOOD)
def test_a_hook_may_be_any_web_address(value: str) -> None:
    addresses.web_address(value)


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(
    "rule",
    [
        addresses.web_address,
        addresses.service_address,
        addresses.base_address,
        addresses.socket_address,
        addresses.proxy_address,
    ],
)
def test_what_is_no_address_is_none_of_any_kind(rule: Rule, value: str) -> None:
    if rule is addresses.proxy_address and "@" in value:
        return  # a name before the host

    with pytest.raises(ValidationError):
        rule(value)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (addresses.service_address, "http://gpt_1/v1?api-version=2", "http://gpt/v1#x"),
        (addresses.base_address, "http://cdn_1:9/x/", "http://cdn/?x=1"),
        (addresses.socket_address, "wss://gw_1:9/x", "https://gw/"),
    ],
)
def test_each_kind_has_its_rule(rule: Rule, good: str, bad: str) -> None:
    rule(good)
    with pytest.raises(ValidationError):
        rule(bad)


@pytest.mark.parametrize(
    "value",
    [
        "http://mj_proxy:3128",
        "socks5://mj_proxy",
        "socks5h://alice:s3cr%40t@proxy.example.com:1080",
        "socks4a://1.2.3.4:1080/",
        "HTTPS://user@[::1]:8080",
        "http://a:b:c!$@x_y:1",
    ],
)
def test_a_proxy_may_have_a_name_and_a_password(value: str) -> None:
    addresses.proxy_address(value)


@pytest.mark.parametrize(
    "value",
    [
        "proxy:3128",
        "ftp://x:1",
        "http://a:b@",
        "http://a@b@x",
        "http://a/b@x",
        "http://x:1/path",
        "http://x:1?q",
        "http://x:1#f",
        "http://x y:1",
        "http://ü:1",
        "http://ü:p@x:1",
        "http://x:1\n",
    ],
)
def test_what_is_no_proxy_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        addresses.proxy_address(value)


def test_the_reason_is_told_in_both_languages() -> None:
    with pytest.raises(WrongAddress) as refused:
        parts_of("ftp://x/")

    assert (refused.value.zh, refused.value.en) == (
        "仅支持http和https",
        "neither http nor https",
    )


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("https://y/%28?a=%2F", "https://y/%28?a=%2F"),
        ("//y/%28", "http://y/%28"),
        ("/%28//b/../c?x=%2f", "http://x:1/%28//b/../c?x=%2f"),
        ("?x=%2f", "http://x:1/a/b?x=%2f"),
        ("c%28?x=%2f", "http://x:1/a/c%28?x=%2f"),
        ("../c?", "http://x:1/c?"),
        (" /b c ", "http://x:1/b%20c"),
        ("ftp://y/", "ftp://y/"),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_a_redirect_leads_where_its_sender_wrote(location: str, there: str) -> None:
    assert joined("http://x:1/a/b?q=1", location) == there
