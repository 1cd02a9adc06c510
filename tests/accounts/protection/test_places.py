"""An address, its networks, and lists of networks."""

from __future__ import annotations

import pytest

from accounts.protection.places import Networks, place_of


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("192.0.2.7", ("192.0.2.7", "192.0.2.0/24", "192.0.0.0/16")),
        ("::ffff:192.0.2.7", ("192.0.2.7", "192.0.2.0/24", "192.0.0.0/16")),
        (
            "2001:db8:1:2:3:4:5:6",
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ),
        ("fe80::1%eth0", ("fe80::1", "fe80::/64", "fe80::/48")),
    ],
)
def test_networks_of_an_address(text: str, networks: tuple[str, ...]) -> None:
    assert place_of(text).networks == networks


@pytest.mark.parametrize(
    ("networks", "address", "covered"),
    [
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["10.0.0.0/8", "192.0.2.0/24"], "192.0.2.8", True),
        (["192.0.2.99/24"], "192.0.2.8", True),
        (["::ffff:192.0.2.0/120"], "192.0.2.8", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["::/0"], "192.0.2.7", False),
        ([], "192.0.2.7", False),
    ],
)
def test_a_list_covers(networks: list[str], address: str, covered: bool) -> None:
    assert Networks(networks).cover(place_of(address)) is covered
