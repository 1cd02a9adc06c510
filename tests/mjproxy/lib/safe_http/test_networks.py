from __future__ import annotations

from ipaddress import ip_address

import pytest

from mjproxy.lib.safe_http.networks import is_allowed
from mjproxy.lib.validators.addresses import numeric

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
PRIVATE = [
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "0.0.0.0",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "192.88.99.1",
    "::",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fec0::1",
]
NEVER_ALLOWED = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "ff02::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "::169.254.169.254",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_allowed(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_allowed_on_request(text: str) -> None:
    assert not is_allowed(ip_address(text))
    assert is_allowed(ip_address(text), private=True)


@pytest.mark.parametrize("text", NEVER_ALLOWED)
def test_some_addresses_are_never_allowed(text: str) -> None:
    assert not is_allowed(ip_address(text))
    assert not is_allowed(ip_address(text), private=True)


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1"]
    + ["017700000001", "0x7f.0x0.0x0.0x1", "127.0.1", "00000177.1"],
)
def test_every_spelling_of_an_address_is_read(text: str) -> None:
    assert numeric(text) == ip_address("127.0.0.1")


@pytest.mark.parametrize("text", ["example.com", "", "256.1.1.1", "4294967296", "x.1"])
def test_names_are_no_addresses(text: str) -> None:
    assert numeric(text) is None
