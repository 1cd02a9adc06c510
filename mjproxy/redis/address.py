"""REDIS_URL for each library that reads it, so that all reach the same database.

redis-py, Channels and Django's cache read such an address in the same way. Celery takes
the number of the database, the certificate and a socket's path from other places. So
the address is read once here and written for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured

_SCHEMES: Final = ("redis", "rediss", "unix")
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_CHECKS: Final = ("none", "optional", "required")
_TRUE: Final = {"true": True, "1": True, "yes": True}
_FALSE: Final = {"false": False, "0": False, "no": False}


@dataclass(frozen=True)
class RedisAddress:
    """Address of a Redis server, with database, certificate and credentials."""

    scheme: str
    host: str = ""
    port: int = 6379
    path: str = ""  # of a unix socket
    db: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    ssl: Mapping[str, str | bool] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address as redis-py reads it."""
        if self.scheme == "unix":
            return f"unix://{self._who}{quote(self.path)}?db={self.db}"
        query = f"?{urlencode(self.ssl)}" if self.ssl else ""
        return f"{self.scheme}://{self._place}{query}"

    @property
    def broker_url(self) -> str:
        """The address as Celery reads it."""
        if self.scheme == "unix":
            path = quote(self.path)
            return f"redis+socket://{self._who}{path}?virtual_host={self.db}"
        return f"redis://{self._place}"

    @property
    def broker_ssl(self) -> dict[str, str | bool] | None:
        """The certificate's check as Celery takes it; None without TLS."""
        return dict(self.ssl) if self.scheme == "rediss" else None

    @property
    def _who(self) -> str:
        if not (self.username or self.password):
            return ""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        return f"{quote(self.username, safe='')}{password}@"

    @property
    def _place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._who}{host}:{self.port}/{self.db}"


def socket_address(path: Path) -> RedisAddress:
    """Return the address of the embedded server."""
    return RedisAddress("unix", path=str(path))


def redis_address(url: str) -> RedisAddress:
    """Return the parsed `url`; raise ImproperlyConfigured if it is ambiguous."""
    try:
        parts = urlsplit(url)
        port = parts.port or 6379
    except ValueError as exc:
        raise _wrong(
            'is not an address: write %23, %2F, %3F for "#", "/", "?"'
        ) from exc
    if parts.scheme not in _SCHEMES:
        raise _wrong("is not an address with redis:// or rediss:// or unix://")
    if "#" in url:
        raise _wrong('holds a "#": write %23 for it')
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    user = unquote(parts.username or "") or query.pop("username", "")
    password = unquote(parts.password or "") or query.pop("password", "")
    db = _number_of(parts, query)
    if parts.scheme == "unix":
        path = _socket_of(parts)
        found = RedisAddress("unix", path=path, db=db, username=user, password=password)
    else:
        # Without a host, one library would use ::1 and another 127.0.0.1.
        host = unquote(parts.hostname or "") or "127.0.0.1"
        ssl = _ssl_of(query) if parts.scheme == "rediss" else {}
        found = RedisAddress(
            parts.scheme,
            host,
            port,
            db=db,
            username=user,
            password=password,
            ssl=ssl,
        )
    if query:
        hint = ": ssl_... needs rediss://" if "ssl_" in "".join(query) else ""
        raise _wrong(f"has a parameter that is not known here, {min(query)!r}{hint}")
    return found


def _socket_of(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    if host or not parts.path.strip("/"):
        raise _wrong("names no socket: unix:///path/to/redis.sock has three slashes")
    return unquote(parts.path)


def _number_of(parts: SplitResult, query: dict[str, str]) -> int:
    said = {query.pop("db", "").strip()}
    if parts.scheme != "unix":
        said.add(parts.path.strip("/"))
    said.discard("")
    if len(said) > 1:
        raise _wrong("names two databases, in its path and as db")
    number = said.pop() if said else "0"
    if not (number.isascii() and number.isdigit()):
        raise _wrong("has a path that is not a database number")
    return int(number)


def _ssl_of(query: dict[str, str]) -> dict[str, str | bool]:
    """Take the certificate options out of `query`; by default it is checked."""
    check = query.pop("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if check not in _CHECKS:
        raise _wrong("has an ssl_cert_reqs that is none of none, optional, required")
    said = query.pop("ssl_check_hostname", "true").lower()
    named = (_TRUE | _FALSE).get(said)
    if named is None:
        raise _wrong("has an ssl_check_hostname that is not true or false")
    # The host name can be checked only if the certificate is.
    found: dict[str, str | bool] = {
        "ssl_cert_reqs": check,
        "ssl_check_hostname": named and check != "none",
    }
    for name in _FILES:
        if path := query.pop(name, ""):
            if not Path(path).is_file():
                raise _wrong(f"has a {name} that is no file")
            found[name] = path
    return found


def _wrong(what: str) -> ImproperlyConfigured:
    # Do not show the value: it may hold a password.
    return ImproperlyConfigured(f"REDIS_URL {what}")
