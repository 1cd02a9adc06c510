"""Host names of this server as operators write them, converted for Django."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from mjproxy.lib.validators.text_lists import parted

_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_-]+)*", re.ASCII)
DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def public_url(name: str, text: str) -> str:
    """Return an origin as browsers write it, or ""; refuse anything more."""
    if not text:
        return ""
    parts = _split(name, text)
    if parts.scheme not in DEFAULT_PORTS:
        raise ImproperlyConfigured(f"{name} is not an address with http:// or https://")
    if parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} has a path: pages below one are not served, give it a host name "
            "of its own"
        )
    if parts.query or parts.fragment or "@" in parts.netloc or text[-1] in "?#":
        raise ImproperlyConfigured(f"{name} has more than https:// and a host")
    host, port = _host(name, parts), _port(name, parts)
    behind = "" if port in ("", DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{behind}"


def allowed_hosts(name: str, text: str) -> list[str]:
    """Return names without scheme and port; refuse invalid names."""
    return list(dict.fromkeys(_allowed(name, each) for each in parted(text, r"\s")))


def _allowed(name: str, text: str) -> str:
    if text == "*":
        return text
    before, text = ("", text.lower())
    for every in ("*.", "."):  # a wildcard for all names below one
        if text.startswith(every):
            before, text = ".", text.removeprefix(every)
    with contextlib.suppress(ValueError):  # an IPv6 address without its brackets
        text = f"[{ipaddress.IPv6Address(text)}]"
    parts = _split(name, text if "://" in text else f"//{text}")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ImproperlyConfigured(f"{name}: {text!r} is more than the name of a host")
    _port(name, parts)
    return before + _host(name, parts)


def _split(name: str, text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {text!r} is no address") from None


def _host(name: str, parts: SplitResult) -> str:
    """Return the host in lower case, as browsers send it."""
    host = (parts.hostname or "").removesuffix(".")
    wrong = ImproperlyConfigured(f"{name}: {host!r} is not the name of a host")
    if parts.netloc.rpartition("@")[2].startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            raise wrong from None
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise wrong from None
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise wrong
    return host


def _port(name: str, parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ImproperlyConfigured(f"{name} has a port that is not within 1 to 65535")
    return str(port or "")
