"""System checks: settings that cannot work together, or that deserve a warning.

Each has an id, which docs/operations.md explains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from mjproxy.lib.process import private_files

TAG: Final = "mjproxy"
LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


@register(TAG)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    return [*_errors(), *_warnings()]


@register(TAG)
def check_data_folder(**kwargs: Any) -> list[CheckMessage]:
    if not private_files.is_open(settings.DATA_DIR):
        return []
    text = f"MJPROXY_DATA_DIR={settings.DATA_DIR} can be entered by other users"
    return [Warning(text, id="mjproxy.W005")]


def _errors() -> Iterator[CheckMessage]:
    for place, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        if not _is_fernet_key(key):
            yield Error(
                f"MJPROXY_ENCRYPTION_KEYS: key {place} is not 32 bytes in url-safe "
                "base64",
                id="mjproxy.E001",
            )
    hosts = {urlsplit(address).hostname for address in settings.DISCORD.values()}
    if settings.DEMO and hosts - {"", None, *LOOPBACK}:
        yield Error(
            "MJPROXY_DEMO is set, yet a NG_DISCORD_... address is not this machine's",
            hint="A demo talks to the simulator only; start it with `up --demo`.",
            id="mjproxy.E002",
        )


def _warnings() -> Iterator[CheckMessage]:
    if settings.PUBLIC_URL.startswith("https://") and not settings.TRUSTED_PROXIES:
        yield Warning(
            "MJPROXY_PUBLIC_URL is https, yet MJPROXY_TRUSTED_PROXIES is 0: who asks, "
            "and that they ask over https, is read from no header",
            id="mjproxy.W001",
        )
    if settings.HOST in LOOPBACK:
        return
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "MJPROXY_HOST is open to a network, yet MJPROXY_ALLOWED_HOSTS names no "
            "host: any Host header is believed",
            id="mjproxy.W002",
        )
    if settings.DEBUG:
        yield Warning(
            "MJPROXY_DEBUG shows settings and code to whoever meets an error, and "
            "MJPROXY_HOST is open to a network",
            id="mjproxy.W003",
        )
    if settings.ALLOW_PRIVATE_HOOKS:
        yield Warning(
            "MJPROXY_ALLOW_PRIVATE_HOOKS lets every user with a key reach services "
            "inside your network",
            id="mjproxy.W004",
        )


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key.strip())
    except ValueError:
        return False
    return True
