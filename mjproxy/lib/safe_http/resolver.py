"""DNS look-ups without a thread for each: a slow zone delays no other name.

/etc/hosts comes first, then the name servers of /etc/resolv.conf with its search list;
both are read again when they change. Other sources of the system, such as mDNS or LDAP,
are not asked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Final

import aiodns
import pycares
from aiodns.error import (
    ARES_EBADNAME,
    ARES_ENODATA,
    ARES_ENONAME,
    ARES_ENOTFOUND,
    DNSError,
)
from aiohttp.abc import AbstractResolver, ResolveResult

SECONDS: Final = 5.0  # seconds for a whole look-up
TRY_SECONDS: Final = 1.0  # for the first answer of a server; twice as long each time
TRIES: Final = 3
# Empty lists mean the servers of this machine.
SERVERS: Final[tuple[str, ...]] = ()

# Errors that say the name does not exist; all others may pass.
_FOR_GOOD: Final = frozenset(
    {ARES_ENODATA, ARES_ENOTFOUND, ARES_EBADNAME, ARES_ENONAME}
)
_AGAIN: Final = socket.EAI_AGAIN, "the name servers do not answer"

_Key = tuple[asyncio.AbstractEventLoop, tuple[str, ...]]
_channels: dict[_Key, aiodns.DNSResolver] = {}


class Resolver(AbstractResolver):
    """Resolver of the running event loop. All resolvers of one loop share a channel."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = tuple(servers)

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises socket.gaierror.

        EAI_NONAME: the name does not exist. EAI_AGAIN: no server answered in time.
        """
        asked = _channel(self._servers or SERVERS)
        try:
            async with asyncio.timeout(SECONDS):
                found = await asked.getaddrinfo(
                    host, family=family, port=port, type=socket.SOCK_STREAM
                )
        except TimeoutError:
            raise socket.gaierror(*_AGAIN) from None
        except DNSError as exc:
            number, said = exc.args
            if number in _FOR_GOOD:
                raise socket.gaierror(socket.EAI_NONAME, said) from exc
            raise socket.gaierror(socket.EAI_AGAIN, said) from exc
        return [_result(host, port, node) for node in found.nodes]

    async def close(self) -> None:
        """Do nothing: other resolvers of this loop use the same channel."""


def _channel(servers: tuple[str, ...]) -> aiodns.DNSResolver:
    key = asyncio.get_running_loop(), servers
    if key not in _channels:
        for old in [each for each in _channels if each[0].is_closed()]:
            del _channels[old]
        _channels[key] = aiodns.DNSResolver(
            servers or None, timeout=TRY_SECONDS, tries=TRIES
        )
    return _channels[key]


def _result(host: str, port: int, node: pycares.AddrInfoNode) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=node.addr[0].decode(),
        port=port,
        family=node.family,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
