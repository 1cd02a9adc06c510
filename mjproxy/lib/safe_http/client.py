"""HTTP client for addresses that users give: checked, resolved once, size-limited."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from django.conf import settings
from yarl import URL

from mjproxy.lib.safe_http import networks
from mjproxy.lib.safe_http.file_kinds import HEAD
from mjproxy.lib.safe_http.resolver import Resolver
from mjproxy.lib.validators.addresses import (
    MAX_LENGTH,
    WrongAddress,
    escaped,
    joined,
    numeric,
    parts_of,
)

MAX_REDIRECTS: Final = 3
PIECE: Final = 1 << 16  # bytes of a body that are read at a time
BLOCK: Final = 1 << 18  # bytes that are written at a time
USER_AGENT: Final = f"mjproxy/{settings.VERSION}"

# Status codes below 500 after which a repetition may help.
_LATER: Final = frozenset({408, 425, 429})
# Connection errors that will not pass within the minute for which a link is tried.
_NOBODY: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH})


class Unfetchable(Exception):
    """An address cannot be fetched; the message may be shown to the user who gave it.

    `permanent` if a repetition cannot help.
    """

    def __init__(self, zh: str, en: str, *, permanent: bool = False) -> None:
        super().__init__(en)
        self.zh, self.en, self.permanent = zh, en, permanent


def _invalid(zh: str, en: str) -> Unfetchable:
    return Unfetchable(zh, en, permanent=True)


def check_url(url: str) -> URL:
    """Return the address to request, or raise Unfetchable; makes no request."""
    return _checked(url, private=settings.ALLOW_PRIVATE_HOOKS)


@lru_cache(256)  # a hook is called many times
def _checked(url: str, *, private: bool) -> URL:
    try:
        parts = parts_of(url)
    except WrongAddress as exc:
        raise _invalid(exc.zh, exc.en) from exc
    if parts.port in networks.REFUSED_PORTS and not private:
        raise _invalid("不允许访问该端口", f"port {parts.port} is not one of HTTP")
    if numeric(parts.host) and not _may_dial(parts.host):
        raise _invalid("不允许访问内网地址", "the address is not a public one")
    return parts.url


class GuardedResolver(AbstractResolver):
    """Resolver that returns only addresses allowed by the policy.

    The connector uses exactly these addresses. There is no second look-up, so a name
    that changes its address in between gains nothing.
    """

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or Resolver()

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        allowed = [each for each in found if _may_dial(each["host"])]
        if found and not allowed:
            raise _invalid("不允许访问内网地址", "the name leads to a private address")
        return allowed

    async def close(self) -> None:
        await self._inner.close()


def _may_dial(host: str) -> bool:
    address = numeric(host)
    return address is not None and networks.is_allowed(
        address, private=settings.ALLOW_PRIVATE_HOOKS
    )


def _guarded_socket(info: Any) -> socket.socket:
    # Every connection passes here with its final IP address, also for literal
    # addresses, for which aiohttp asks no resolver.
    family, kind, protocol, _, sockaddr = info
    if not _may_dial(str(sockaddr[0])):
        raise PermissionError(f"{sockaddr[0]} is not allowed")
    return socket.socket(family=family, type=kind, proto=protocol)


class _Connector(aiohttp.TCPConnector):
    """Connector that drops kept connections on which something came unasked.

    aiohttp would take it for the answer to the next request.
    """

    async def connect(
        self,
        req: ClientRequest,
        traces: Any,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        while True:
            found = await super().connect(req, traces, timeout)
            if found.protocol is None or not found.protocol.should_close:
                return found
            found.close()


def open_session(
    *,
    limit: int = 64,
    kept: float | None = None,
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """Return a session that connects to checked addresses only, and uses no proxy.

    Each request has a new connection, or one that was `kept` idle for fewer than that
    many seconds. A kept connection may be dead, and a request lost in it cannot be told
    from one that arrived. The caller limits the time of a request.
    """
    connector = _Connector(
        limit=limit,
        keepalive_timeout=kept,
        force_close=kept is None,
        use_dns_cache=False,
        resolver=GuardedResolver(resolver),
        socket_factory=_guarded_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(),
        trust_env=False,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    )


def close_at_exit(session: aiohttp.ClientSession) -> None:
    """Close a session of this loop when the process ends, if the loop still runs."""
    loop = asyncio.get_running_loop()

    def close() -> None:
        if not loop.is_running() or session.closed:
            return
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(session.close(), loop).result(1)

    atexit.register(close)


async def get(
    url: str,
    into: Path,
    *,
    max_bytes: int,
    wanted: Callable[[bytes], bool],
    timeout: float = 30,  # noqa: ASYNC109
    resolver: AbstractResolver | None = None,
) -> str:
    """Download a user's link into a file; return the final address.

    `wanted` judges the first bytes of the body, because the sender's content type may
    be wrong. Raises Unfetchable.
    """
    try:
        async with (
            asyncio.timeout(timeout),
            open_session(resolver=resolver) as session,
        ):
            for _ in range(MAX_REDIRECTS + 1):
                target = check_url(url)
                async with session.get(target, allow_redirects=False) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        await _take(response, into, max_bytes, wanted)
                        return str(response.url)
                    url = _next(target, response)
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        hopeless = _is_hopeless(exc)
        raise Unfetchable("链接无法访问", reason_of(exc), permanent=hopeless) from exc
    raise _invalid("重定向次数过多", f"more than {MAX_REDIRECTS} redirects")


def _next(target: URL, response: aiohttp.ClientResponse) -> str:
    location = response.headers.get("Location", "")
    if not location.strip():
        raise _invalid("重定向地址错误", "a redirect without a valid address")
    return joined(str(target), escaped(location[: MAX_LENGTH + 1]))


async def _take(
    response: aiohttp.ClientResponse,
    into: Path,
    max_bytes: int,
    wanted: Callable[[bytes], bool],
) -> None:
    if (status := response.status) != 200:
        hopeless = status < 500 and status not in _LATER
        raise Unfetchable("链接无法访问", f"HTTP {status}", permanent=hopeless)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _invalid(
            "文件编码错误", "the answer is compressed, which was not requested"
        )

    def check(head: bytes) -> None:
        if not wanted(head):
            label = response.headers.get("Content-Type", "of no known type")[:80]
            raise _invalid("文件类型错误", f"it is {label}")

    await save_capped(response, into, max_bytes, check)


async def read_capped(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the body, or raise Unfetchable as soon as it exceeds `max_bytes`."""
    return b"".join([piece async for piece in _pieces(response, max_bytes)])


async def save_capped(
    response: aiohttp.ClientResponse,
    into: Path,
    max_bytes: int,
    check: Callable[[bytes], None],
) -> bytes:
    """Write the body to a file, block by block; return its first bytes.

    `check` gets those before the rest is read. Raises what it raises, and Unfetchable
    as soon as the body exceeds `max_bytes`.
    """
    head, is_checked, block, mode = b"", False, bytearray(), "wb"
    async for piece in _pieces(response, max_bytes):
        head += piece[: HEAD - len(head)]
        if not is_checked and len(head) == HEAD:
            check(head)
            is_checked = True
        block += piece
        if len(block) >= BLOCK:
            await asyncio.to_thread(_write, into, mode, block)
            block, mode = bytearray(), "ab"
    if not is_checked:
        check(head)
    await asyncio.to_thread(_write, into, mode, block)
    return head


def _write(path: Path, mode: str, block: bytearray) -> None:
    with path.open(mode) as file:
        file.write(block)


async def _pieces(
    response: aiohttp.ClientResponse, max_bytes: int
) -> AsyncIterator[bytes]:
    too_large = _invalid("文件过大", f"larger than {max_bytes} bytes")
    if (response.content_length or 0) > max_bytes:
        raise too_large
    seen = 0
    async for piece in response.content.iter_chunked(PIECE):
        seen += len(piece)
        if seen > max_bytes:
            raise too_large
        yield piece


def _is_hopeless(exc: BaseException) -> bool:
    """Tell whether the address will still be unreachable in a minute."""
    match exc:
        case aiohttp.ClientConnectorDNSError():
            return exc.os_error.errno != socket.EAI_AGAIN
        case aiohttp.ClientConnectorCertificateError() | aiohttp.InvalidURL():
            return True
        case aiohttp.ClientConnectorError():
            refused = isinstance(exc.os_error, PermissionError)
            return refused or exc.os_error.errno in _NOBODY
    return False


def reason_of(exc: BaseException) -> str:
    """Return the cause of an error, in words without any part of the address."""
    match exc:
        case Unfetchable():
            return exc.en
        case TimeoutError():
            return "timed out"
        case aiohttp.ClientConnectorDNSError():
            return "the name cannot be resolved"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "the TLS certificate or handshake is wrong"
        case aiohttp.ClientConnectorError():
            return f"cannot connect: {exc.os_error.strerror or 'refused'}"
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
    return type(exc).__name__
