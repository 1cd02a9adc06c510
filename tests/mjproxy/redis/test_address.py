"""All libraries that read REDIS_URL must reach the same database of the same server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import redis.asyncio
from channels_redis.utils import create_pool
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection
from kombu.transport.redis import Channel

from mjproxy.redis.address import RedisAddress, redis_address, socket_address

FACTS = (
    *("host", "port", "path", "db", "username", "password"),
    *("ssl_cert_reqs", "ssl_check_hostname", "ssl_ca_certs"),
)


def facts(arguments: dict[str, Any]) -> dict[str, Any]:
    named = {name: arguments[name] for name in FACTS if arguments.get(name) is not None}
    kind = arguments.get("connection_class")
    return named | {"class": kind.__name__ if kind else "Connection"}


def of_celery(address: RedisAddress) -> dict[str, Any]:
    connection = Connection(address.broker_url, ssl=address.broker_ssl or False)
    channel: Any = Channel.__new__(Channel)
    channel.connection = SimpleNamespace(client=connection, default_port=6379)
    return facts(channel._connparams())


def of_redis(address: RedisAddress) -> dict[str, Any]:
    return of_pool(redis.ConnectionPool.from_url(address.url))


def of_pool(pool: Any) -> dict[str, Any]:
    return facts(pool.connection_kwargs | {"connection_class": pool.connection_class})


async def of_channels(address: RedisAddress) -> dict[str, Any]:
    return of_pool(create_pool({"address": address.url, "socket_timeout": None}))


def of_cache(address: RedisAddress) -> dict[str, Any]:
    cache: Any = RedisCache([address.url], {})
    return of_pool(cache._cache._get_connection_pool(write=True))


def tcp(kind: str = "Connection", **said: Any) -> dict[str, Any]:
    return {"host": "h", "port": 6379, "db": 0, "class": kind} | said


def unix(path: str, **said: Any) -> dict[str, Any]:
    return {"path": path, "db": 0, "class": "UnixDomainSocketConnection"} | said


CHECKED = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
UNCHECKED = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://h", tcp()),
        ("redis://H/", tcp()),
        ("redis://h/3", tcp(db=3)),
        ("redis://h?db=3", tcp(db=3)),
        ("redis://h/3?db=3", tcp(db=3)),
        ("redis:///4", tcp(host="127.0.0.1", db=4)),
        ("redis://[::1]:7/1", tcp(host="::1", port=7, db=1)),
        ("redis://:a%2Fb%3Bc%2Cd%23%40%25@h", tcp(password="a/b;c,d#@%")),
        ("redis://u%3A:p+q@h", tcp(username="u:", password="p+q")),
        ("rediss://h", tcp("SSLConnection", **CHECKED)),
        ("rediss://h/2?ssl_cert_reqs=none", tcp("SSLConnection", db=2, **UNCHECKED)),
        ("rediss://h?ssl_cert_reqs=CERT_NONE", tcp("SSLConnection", **UNCHECKED)),
        (
            "rediss://h?ssl_check_hostname=False",
            tcp("SSLConnection", ssl_cert_reqs="required", ssl_check_hostname=False),
        ),
        ("unix:///run/r.sock", unix("/run/r.sock")),
        ("unix:///run/r.sock?db=2", unix("/run/r.sock", db=2)),
        ("unix:///a%20b%3F/c%25;,+?db=2", unix("/a b?/c%;,+", db=2)),
        ("unix://u:p%40@/r.sock", unix("/r.sock", username="u", password="p@")),
        ("unix:///r.sock?password=p%40", unix("/r.sock", password="p@")),
    ],
)
def test_every_library_reads_the_same(url: str, found: dict[str, Any]) -> None:
    address = redis_address(url)

    assert of_redis(address) == found
    assert asyncio.run(of_channels(address)) == found
    assert of_cache(address) == found
    assert of_celery(address) == found


def test_the_certificates_of_the_server_are_given_to_all(tmp_path: Path) -> None:
    roots = tmp_path / "my roots.pem"
    roots.touch()

    address = redis_address(f"rediss://h?ssl_ca_certs={tmp_path}/my%20roots.pem")

    found = tcp("SSLConnection", ssl_ca_certs=str(roots), **CHECKED)
    assert of_redis(address) == found
    assert of_celery(address) == found


def test_the_embedded_server_may_lie_in_any_folder() -> None:
    path = Path("/srv/my data%41?#;,+é/redis.sock")

    address = socket_address(path)

    assert of_cache(address) == of_celery(address) == unix(str(path))


@pytest.mark.parametrize(
    "url",
    [
        "http://:hush@h/0",
        "redis+socket:///r.sock",
        "redis://:hush#1@h/0",
        "redis://:1#hush@h/0",
        "redis://:hush/1@h/0",
        "redis://:1/hush@h/0",
        "redis://:hush@h/name",
        "redis://:hush@h/-1",
        "redis://:hush@h/1?db=2",
        "redis://:hush@h:70000/0",
        "redis://:hush@[::1/0",
        "redis://:hush@h?timeout=5",
        "redis://:hush@h?ssl_cert_reqs=none",
        "rediss://:hush@h?ssl_cert_reqs=perhaps",
        "rediss://:hush@h?ssl_check_hostname=perhaps",
        "rediss://:hush@h?ssl_ca_certs=/nowhere/at/all",
        "unix://r.sock",
        "unix:///?db=1",
    ],
)
def test_what_they_would_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL") as refused:
        redis_address(url)

    assert "hush" not in str(refused.value)
    assert "hush" not in repr(redis_address("redis://:hush@h"))
