"""URLs that people enter: one rule for each kind, stored and sent byte for byte.

`mjproxy/lib/safe_http/client.py` checks where an address may lead.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import quote, urljoin

from django.core.exceptions import ValidationError
from yarl import URL

MAX_LENGTH: Final = 2000  # characters of an address that somebody enters
LONGEST: Final = 1 << 14  # of one from Discord, with long signatures
HTTP: Final = ("http", "https")
SOCKET: Final = ("ws", "wss")
PROXY: Final = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

_PARTS: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# Compose uses underscores in host names.
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_USER: Final = re.compile(r"[!-.0->A-~]+@")  # ASCII without slash and question mark

Address = IPv4Address | IPv6Address


class WrongAddress(ValueError):
    """The text is not an address of the wanted kind; the message is for people."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class Parts:
    """Parts of an address. `target` is the request target, as it was entered."""

    scheme: str
    host: str
    port: int | None
    target: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def url(self) -> URL:
        # The library drops an empty query; as a part of the path it is kept.
        scheme, _, authority = self.origin.partition("://")
        return URL.build(
            scheme=scheme, authority=authority, path=self.target, encoded=True
        )


def parts_of(
    url: str, schemes: tuple[str, ...] = HTTP, *, longest: int = MAX_LENGTH
) -> Parts:
    """Split an address: the host in its normal form, the rest as it was entered.

    In the rest only non-ASCII characters are escaped. Raises WrongAddress.
    """
    if len(url) > longest:
        raise WrongAddress("链接过长", f"longer than {longest} characters")
    if any(c.isspace() or not c.isprintable() for c in url):
        raise WrongAddress("链接包含非法字符", "blanks or control characters in it")
    found = _PARTS.match(url)
    if found is None or found["scheme"].lower() not in schemes:
        raise WrongAddress(*_SCHEMES[schemes])
    if "@" in found["authority"]:
        raise WrongAddress(
            "链接不能包含用户名密码", "a name or password in the address"
        )
    host, port = _place(found["authority"])
    target = escaped(found["target"])
    if target.startswith("?"):
        target = f"/{target}"
    return Parts(found["scheme"].lower(), host, port, target)


_SCHEMES: Final = {
    HTTP: ("仅支持http和https", "neither http nor https"),
    SOCKET: ("仅支持ws和wss", "neither ws nor wss"),
    PROXY: ("代理格式错误", "no http, https, socks4 or socks5"),
}


def _place(authority: str) -> tuple[str, int | None]:
    wrong = WrongAddress("链接格式错误", "no host, or port 0")
    if not authority or authority.startswith(":"):
        raise wrong
    try:
        # The library normalises the host as it will be dialled: other scripts become
        # ASCII.
        parsed = URL(f"http://{authority}")
        host, port = (parsed.raw_host or "").rstrip("."), parsed.explicit_port
    except (ValueError, TypeError):
        raise WrongAddress("链接格式错误", "not an address") from None
    if not host or port == 0:
        raise wrong
    if address := numeric(host):
        return str(address), port
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]) or len(host) > 253:
        raise WrongAddress("链接格式错误", "neither a name nor an address")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise WrongAddress("链接格式错误", "not a host name")
    return host, port


def numeric(host: str) -> Address | None:
    """Return the IP address that `host` spells for a resolver, or None.

    Short, decimal, octal and hexadecimal forms of IPv4 count.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, AddressValueError, UnicodeError):
        return None


def escaped(text: str) -> str:
    """Return the text in ASCII; ASCII characters stay unchanged.

    Surrogates stand for bytes that are not UTF-8 and are escaped as those bytes.
    """
    if text.isascii():
        return text
    return "".join(
        c if c.isascii() else quote(c, errors="surrogateescape") for c in text
    )


def exact(url: str) -> URL:
    """Return an address that is requested exactly as it is written.

    Raises WrongAddress.
    """
    return parts_of(url, longest=LONGEST).url


def joined(base: str, location: str) -> str:
    """Return the target of a redirect from `base`, as the server wrote it."""
    location = location.strip().replace(" ", "%20")
    if _SCHEME.match(location):
        return location
    here = _PARTS.match(base)
    if here is None:
        return location
    if location.startswith("//"):
        return f"{here['scheme']}:{location}"
    origin = f"{here['scheme']}://{here['authority']}"
    if location.startswith("/"):
        return origin + location
    path = here["target"].partition("?")[0] or "/"
    if location.startswith("?"):
        return origin + path + location
    file, mark, query = location.partition("?")
    return origin + urljoin(path, file) + mark + query


# --- validators for model fields ------------------------------------------------------


def web_address(value: str) -> None:
    """Raise ValidationError if the value cannot be a hook or a link."""
    _check(value, HTTP)


def service_address(value: str) -> None:
    """Raise ValidationError if it is not an address of an API. A query is allowed."""
    _check(value, HTTP, without="#")


def base_address(value: str) -> None:
    """Raise ValidationError if the value cannot be the beginning of other addresses."""
    _check(value, HTTP, without="?#")


def socket_address(value: str) -> None:
    """Raise ValidationError if the value is not an address of a WebSocket."""
    _check(value, SOCKET, without="?#")


def proxy_address(value: str) -> None:
    """Raise ValidationError if it is not a proxy. Name and password are allowed."""
    scheme, _, rest = value.partition("://")
    user = _USER.match(rest)
    plain = f"{scheme}://{rest[user.end() :] if user else rest}"
    try:
        fine = parts_of(plain, PROXY).target in ("", "/") and value.isascii()
    except WrongAddress:
        fine = False
    if not fine or "#" in plain:
        raise ValidationError(
            "A proxy is like http://name:password@host:port; socks5:// works too."
        )


def _check(value: str, schemes: tuple[str, ...], *, without: str = "") -> None:
    try:
        parts_of(value, schemes)
        fine = not set(value) & set(without)
        reason = "nothing may follow the path"
    except WrongAddress as exc:
        fine, reason = False, exc.en
    if not fine:
        begin = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValidationError(f"An address that begins with {begin}: {reason}.")
