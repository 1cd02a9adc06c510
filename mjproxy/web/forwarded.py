"""Client address, host and scheme from the headers of trusted proxies.

Each proxy appends what it has seen at the right end of a list. So with N proxies the
Nth entry from the right comes from the outermost, and entries before it come from the
caller. A shorter list was rewritten on the way: then its first entry counts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mjproxy.web.allowed_hosts import DEFAULT_PORTS
from mjproxy.web.asgi_handlers import App, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]
_NAMES: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_STANDARD: Final = b"forwarded"
_SECURE: Final = {"https": True, "wss": True, "http": False, "ws": False}
_SCHEMES: Final = {
    "http": {True: "https", False: "http"},
    "websocket": {True: "wss", False: "ws"},
}
_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PAIR: Final = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s"]*))')


@dataclass(frozen=True)
class Seen:
    """What the outermost trusted proxy has seen; "" if it does not say."""

    client: str = ""
    scheme: str = ""
    host: str = ""


class ForwardedHeadersMiddleware:
    """Gives an application its requests as they reached the outermost trusted proxy.

    The headers themselves are removed, so later code cannot trust them.
    """

    def __init__(self, app: App, proxies: int) -> None:
        self.app, self.proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in _SCHEMES:
            scope = apply_forwarded_headers(scope, self.proxies)
        await self.app(scope, receive, send)


def apply_forwarded_headers(scope: Scope, proxies: int) -> Scope:
    """Return the scope with the caller's address, scheme and host."""
    headers: Headers = list(scope["headers"])
    seen = _seen(headers, proxies) if proxies else Seen()
    was = scope.get("scheme") or "http"
    secure = _SECURE.get(seen.scheme.lower(), _SECURE.get(was, False))
    kept = [pair for pair in headers if pair[0] not in (*_NAMES, _STANDARD)]
    changed = {
        "headers": _with_host(kept, seen.host, secure=secure),
        "scheme": _SCHEMES[scope["type"]][secure],
    }
    if client := address_in(seen.client):
        changed["client"] = [client, 0]
    return {**scope, **changed}


def address_in(text: str) -> str | None:
    """Return the address in `1.2.3.4:5`, `[::1]:5`, `::1`, with a zone or quoted."""
    text = text.strip(' \t"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def _seen(headers: Headers, proxies: int) -> Seen:
    said = {name: _values(headers, name) for name in _NAMES}
    if any(said.values()):
        return Seen(*(_nth(_listed(values), proxies) for values in said.values()))
    # The standard's header counts only without the others: a proxy that writes those
    # passes this one on as the caller has sent it.
    elements = [
        element
        for value in _values(headers, _STANDARD)
        for element in _ELEMENT.findall(value)
        if element.strip()
    ]
    pairs = dict(_pairs(_nth(elements, proxies)))
    return Seen(pairs.get("for", ""), pairs.get("proto", ""), pairs.get("host", ""))


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin1") for key, value in headers if key == name]


def _listed(values: Iterable[str]) -> list[str]:
    """Return the entries of all lines of a header as one list, without empty ones."""
    return [part.strip() for part in ",".join(values).split(",") if part.strip()]


def _nth(entries: list[str], number: int) -> str:
    return entries[-min(number, len(entries))] if entries else ""


def _pairs(element: str) -> Iterator[tuple[str, str]]:
    for name, quoted, plain in _PAIR.findall(element):
        yield name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain


def _with_host(headers: Headers, said: str, *, secure: bool) -> Any:
    """Return the headers with the requested host, as browsers write it."""
    hosts = [value.decode("latin1") for name, value in headers if name == b"host"]
    if not said and len(hosts) != 1:
        return headers  # Django refuses it
    host = (said or hosts[0]).strip(' \t"').lower()
    scheme = "https" if secure else "http"
    host = host.removesuffix(f":{DEFAULT_PORTS[scheme]}")
    rest = [pair for pair in headers if pair[0] != b"host"]
    return [*rest, (b"host", host.encode("latin1"))]
