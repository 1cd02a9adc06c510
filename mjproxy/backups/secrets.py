"""Secrets of the installation in a backup, sealed with a passphrase."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from django.conf import settings

from mjproxy import env
from mjproxy.lib.sealed_file import BadFile, seal, unseal

KIND: Final = "mjproxy-secrets"


def marks(keys: list[str]) -> list[str]:
    """Return fingerprints that identify the encryption keys without revealing them."""
    return [hashlib.sha256(f"mjproxy:{key}".encode()).hexdigest()[:16] for key in keys]


def sealed(passphrase: str) -> bytes:
    """Return all secrets, encrypted. Raises ValueError for an unsuitable passphrase."""
    found = {
        "MJPROXY_SECRET_KEY": settings.SECRET_KEY,
        "MJPROXY_ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        "MJPROXY_ADMIN_TOKEN": settings.ADMIN_TOKEN,
    }
    names = [{"name": name} for name in found]
    values = [{"value": value} for value in found.values()]
    return seal(names, values, passphrase, kind=KIND)


def opened(data: bytes, passphrase: str) -> dict[str, str]:
    """Return the secrets by the name of their environment variable. Raises BadFile."""
    names, values = unseal(data, passphrase, kind=KIND)
    pairs = zip(names, values, strict=True)
    found = {str(name.get("name")): str(value.get("value")) for name, value in pairs}
    known = {"MJPROXY_SECRET_KEY", "MJPROXY_ENCRYPTION_KEYS", "MJPROXY_ADMIN_TOKEN"}
    if found.keys() != known:
        raise BadFile("The secrets have an unknown form.")
    return found


def write(found: dict[str, str], folder: Path) -> list[str]:
    """Write secrets into `folder`; return names that the environment sets instead."""
    folder.mkdir(parents=True, mode=0o700)
    for name, value in found.items():
        path = folder / name.removeprefix("MJPROXY_").lower()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(value)
    return [name for name, value in found.items() if env.text(name) not in ("", value)]
