"""Environment variables as typed values; a wrong one stops the start with one line."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

LONGEST_SOCKET_PATH = 103  # bytes; Linux allows 107
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the variable, stripped; if `NAME_FILE` is set, the text of that file."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as exc:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}") from exc
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not true or false")


def number(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    value = text(name) or str(default)
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number") from None
    if not low <= result <= high:
        raise ImproperlyConfigured(f"{name}={value} is not within {low} to {high}")
    return result


def url(name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
    """Return an address without its last slash; "" if the variable is not set."""
    value = text(name) or default
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        # Do not show the value: it may hold a password.
        raise ImproperlyConfigured(f"{name} is not an address with {wanted}")
    return value.rstrip("/")


def timezone(name: str) -> str:
    value = text(name) or "UTC"
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImproperlyConfigured(f"{name}={value!r} is not a time zone") from None
    return value


def kept_secret(name: str, folder: Path, make: Callable[[], str]) -> str:
    """Return a secret from the environment, else from `folder`, made on first use.

    The file is written with mode 0600, and only once even if several processes start
    together.
    """
    if value := text(name):
        return value
    path = folder / name.removeprefix("MJPROXY_").lower()
    try:
        return path.read_text().strip()
    except OSError:
        pass
    try:
        return _keep(path, make)
    except OSError as exc:
        raise ImproperlyConfigured(f"{name} cannot be kept: {exc}") from exc


def _keep(path: Path, make: Callable[[], str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(make())
    try:
        # A hard link fails if the name exists: only one of several processes succeeds.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def socket_path(path: Path) -> Path:
    """Return `path`, or a short path private to this user if it would be too long."""
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(f"{os.getuid()}:{path}".encode()).hexdigest()[:16]
    short = Path(tempfile.gettempdir(), f"mjproxy-{name}", path.name)
    if len(os.fsencode(short)) <= LONGEST_SOCKET_PATH:
        return short
    return Path("/tmp", f"mjproxy-{name}", path.name)  # noqa: S108
