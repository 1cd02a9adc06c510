"""Lists of IP addresses and networks that people enter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_BETWEEN: Final = re.compile(r"[\s,;]+")


def address_of(text: str) -> Address:
    """Return an address; IPv4 within IPv6 as IPv4, without the zone.

    Raises ValueError for anything else.
    """
    found = ip_address(_without_zone(text))
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def network_of(text: str) -> Network:
    """Return an address or a network as network, in the form of `address_of`.

    Raises ValueError for anything else.
    """
    address, slash, length = text.strip().partition("/")
    found = ip_network(f"{_without_zone(address)}{slash}{length}", strict=False)
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        low = int(found.network_address) & 0xFFFFFFFF
        return IPv4Network((low, found.prefixlen - _MAPPED.prefixlen))
    return found


def networks_in(text: str) -> list[str]:
    """Return the networks of a text, between which are commas, blanks or lines.

    Raises ValueError if one is none.
    """
    return [str(network_of(each)) for each in _BETWEEN.split(text) if each]


def covers(networks: Iterable[Network], address: str | None) -> bool:
    """Tell whether an address is in one of the networks; an unknown one is in none."""
    try:
        found = address_of(address or "")
    except ValueError:
        return False
    return any(found in network for network in networks)


def _without_zone(text: str) -> str:
    return text.strip().partition("%")[0]
