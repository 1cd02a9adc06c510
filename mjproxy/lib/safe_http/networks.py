"""IP addresses and ports that a link given by a user may lead to; rules without I/O."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final

from mjproxy.lib.validators.addresses import Address

# Listed here, because the standard library's `is_global` differs between versions.
_NOT_PUBLIC: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    )
)
# Never allowed, whatever the operator's settings: cloud metadata services, other
# link-local addresses, multicast, broadcast.
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "fe80::/10",
        "fd00:ec2::254/128",
        "ff00::/8",
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")

# Ports of services that are not HTTP but might understand a request.
REFUSED_PORTS: Final = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 87, 95}
    | {101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143}
    | {161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548}
    | {554, 556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1433, 1521, 1719, 1720}
    | {1723, 2049, 2375, 2379, 2380, 3306, 3389, 3659, 4045, 5060, 5061, 5432, 5672}
    | {5900, 6000, 6379, 6443, 6566, 6667, 9042, 9092, 9200, 9300, 10250, 11211, 27017}
)


def is_allowed(address: Address, *, private: bool = False) -> bool:
    """Tell whether a request may go there; `private` adds private networks."""
    for each in _meanings(address):
        if any(each in network for network in _NEVER):
            return False
        if not private and not _is_public(each):
            return False
    return True


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, IPv6Address):
        return address in _UNICAST or address in _NAT64 or bool(address.ipv4_mapped)
    return address.is_global


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the address and those that a machine on the way may translate it to."""
    yield address
    if isinstance(address, IPv6Address):
        low = IPv4Address(int(address) & 0xFFFFFFFF)
        if address.ipv4_mapped or address in _NAT64 or address in _COMPATIBLE:
            yield low
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
