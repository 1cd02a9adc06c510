"""Places: an address and its networks, for which requests are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from typing import Final

from mjproxy.lib.validators.networks import address_of, network_of

# Prefix lengths of an address, a near and a wide network, by the bits of addresses.
_LENGTHS: Final = {32: (32, 24, 16), 128: (128, 64, 48)}


@dataclass(frozen=True)
class Place:
    """An address as a number of so many bits, and the names of its networks."""

    address: str
    number: int
    bits: int
    networks: tuple[str, str, str]  # itself, near, wide


@lru_cache(10_000)
def place_of(address: str) -> Place:
    """Return the place of an address. Raises ValueError for anything else."""
    found = address_of(address)
    one, *more = _LENGTHS[found.max_prefixlen]
    near, wide = (str(ip_network((int(found), n), strict=False)) for n in more)
    return Place(str(found), int(found), one, (str(found), near, wide))


class Networks:
    """A list of networks that is searched quickly, however long it is."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._heads: dict[tuple[int, int], set[int]] = {}
        for text in texts:
            network = network_of(text)
            shift = network.max_prefixlen - network.prefixlen
            heads = self._heads.setdefault((network.max_prefixlen, shift), set())
            heads.add(int(network.network_address) >> shift)

    def cover(self, place: Place) -> bool:
        return any(
            bits == place.bits and place.number >> shift in heads
            for (bits, shift), heads in self._heads.items()
        )
