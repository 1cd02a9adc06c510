"""The only door for addresses that users give: checked, pinned, sized."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import re
import socket
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from yarl import URL

from tasks import networks

MAX_URL_LENGTH: Final = 2000
MAX_REDIRECTS: Final = 3
RESOLVE_SECONDS: Final = 5
USER_AGENT: Final = f"mjproxy/{settings.VERSION}"

_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"[^:/?#]+://([^/?#]*)")


class Unfetchable(Exception):
    """An address cannot be asked, for a reason its giver may read.

    `permanent` where asking again cannot help.
    """

    def __init__(self, zh: str, en: str, *, permanent: bool = False) -> None:
        super().__init__(en)
        self.zh, self.en, self.permanent = zh, en, permanent


def _invalid(zh: str, en: str) -> Unfetchable:
    return Unfetchable(zh, en, permanent=True)


def _not_public() -> Unfetchable:
    return _invalid("不允许访问内网地址", "the address is not a public one")


def check_url(url: str) -> URL:
    """Return the address in its one spelling, or raise Unfetchable; asks nobody."""
    _check_text(url)
    parsed = _parse(url)
    if parsed.port in networks.REFUSED_PORTS and not settings.ALLOW_PRIVATE_HOOKS:
        raise _invalid("不允许访问该端口", f"port {parsed.port} is not one of HTTP")
    host = (parsed.raw_host or "").rstrip(".")
    if networks.parse(host) is None:
        _check_name(host)
        return parsed
    if not _may_dial(host):
        raise _not_public()
    return parsed.with_host(str(networks.parse(host)))


def _check_text(url: str) -> None:
    if len(url) > MAX_URL_LENGTH:
        raise _invalid("链接过长", f"longer than {MAX_URL_LENGTH} characters")
    if any(c.isspace() or not c.isprintable() for c in url):
        raise _invalid("链接包含非法字符", "blanks or control characters in it")
    authority = _AUTHORITY.match(url)
    if authority and "@" in authority[1]:
        raise _invalid("链接不能包含用户名密码", "a name or password in the address")


def _parse(url: str) -> URL:
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port
    except (ValueError, TypeError):
        raise _invalid("链接格式错误", "not an address") from None
    if parsed.scheme not in ("http", "https"):
        raise _invalid("仅支持http和https", "neither http nor https")
    if not host or not port:
        raise _invalid("链接格式错误", "no host, or port 0")
    return parsed


def _check_name(host: str) -> None:
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]) or len(host) > 253:
        raise _invalid("链接格式错误", "neither a name nor an address")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("链接格式错误", "not a host name")


class GuardedResolver(AbstractResolver):
    """Resolves a name and lets through what the policy allows.

    The connector dials what comes out of here: there is no second look-up, so a name
    that changes its mind in between gains nothing.
    """

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        allowed = [each for each in found if _may_dial(each["host"])]
        if found and not allowed:
            raise Unfetchable(
                "不允许访问内网地址", "the name leads to a private address"
            )
        return allowed

    async def close(self) -> None:
        await self._inner.close()


async def resolve(url: str, *, resolver: AbstractResolver | None = None) -> None:
    """Raise Unfetchable where the address leads nowhere that may be asked."""
    target = check_url(url)
    host = target.raw_host or ""
    if networks.parse(host) is not None:
        return
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await GuardedResolver(resolver).resolve(host, target.port or 0)
    except (TimeoutError, OSError) as exc:
        raise Unfetchable("链接无法访问", "the name cannot be resolved") from exc


def _may_dial(host: str) -> bool:
    address = networks.parse(host)
    return address is not None and networks.is_allowed(
        address, private=settings.ALLOW_PRIVATE_HOOKS
    )


def _guarded_socket(info: Any) -> socket.socket:
    # Every connection passes here with the numbers it will dial, also those to literal
    # addresses, for which aiohttp asks no resolver.
    family, kind, protocol, _, sockaddr = info
    if not _may_dial(str(sockaddr[0])):
        raise PermissionError(f"{sockaddr[0]} is not allowed")
    return socket.socket(family=family, type=kind, proto=protocol)


def open_session(
    *, limit: int = 64, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """Return a session that dials vetted addresses only, through nobody's proxy.

    Each request has a connection of its own: one that was kept open may be dead, and a
    call that was lost in it could not be told from one that arrived.
    """
    connector = aiohttp.TCPConnector(
        limit=limit,
        force_close=True,
        use_dns_cache=False,
        resolver=GuardedResolver(resolver),
        socket_factory=_guarded_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    )


def close_at_exit(session: aiohttp.ClientSession) -> None:
    """Close a session of this loop when the process ends, if the loop still turns."""
    loop = asyncio.get_running_loop()

    def close() -> None:
        if not loop.is_running() or session.closed:
            return
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(session.close(), loop).result(1)

    atexit.register(close)


@dataclass(frozen=True)
class Fetched:
    url: str
    content_type: str
    body: bytes


async def get(
    url: str,
    *,
    max_bytes: int,
    types: tuple[str, ...],
    timeout: float = 30,  # noqa: ASYNC109
    resolver: AbstractResolver | None = None,
) -> Fetched:
    """Fetch what a user's link points to, or raise Unfetchable.

    `types` are content types, or beginnings of them such as "image/".
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
                        return await _take(response, max_bytes, types)
                    url = _next(target, response)
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise Unfetchable("链接无法访问", reason_of(exc)) from exc
    raise Unfetchable("重定向次数过多", f"more than {MAX_REDIRECTS} redirects")


def _next(target: URL, response: aiohttp.ClientResponse) -> str:
    location = response.headers.get("Location", "")
    try:
        return str(target.join(URL(location[: MAX_URL_LENGTH + 1])))
    except (ValueError, TypeError):
        raise Unfetchable("重定向地址错误", "a redirect to no address") from None


async def _take(
    response: aiohttp.ClientResponse, max_bytes: int, types: tuple[str, ...]
) -> Fetched:
    if response.status != 200:
        raise Unfetchable("链接无法访问", f"HTTP {response.status}")
    if not response.content_type.startswith(types):
        raise Unfetchable("文件类型错误", f"it is {response.content_type[:80]}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unfetchable("文件编码错误", "it is compressed although not asked for")
    body = await read_capped(response, max_bytes)
    return Fetched(str(response.url), response.content_type, body)


async def read_capped(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the body, or raise Unfetchable as soon as it exceeds `max_bytes`."""
    if (response.content_length or 0) > max_bytes:
        raise Unfetchable("文件过大", f"larger than {max_bytes} bytes")
    body = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > max_bytes:
            raise Unfetchable("文件过大", f"larger than {max_bytes} bytes")
    return bytes(body)


def reason_of(exc: BaseException) -> str:
    """Return what went wrong, in words that hold no part of the address."""
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
