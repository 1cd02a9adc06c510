"""Encryption at rest: a text field whose column holds Fernet tokens."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as exc:
        message = "MJPROXY_ENCRYPTION_KEYS: each key is 32 bytes in url-safe base64"
        raise ImproperlyConfigured(message) from exc


def fernet() -> MultiFernet:
    """Return the cipher; its first key encrypts, all of them decrypt."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


class UndecryptableSecret(Exception):
    """A stored secret fits none of MJPROXY_ENCRYPTION_KEYS."""


class EncryptedTextField(models.TextField[Any, Any]):
    """Text that is encrypted in its column and plain on the instance."""

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return fernet().encrypt(str(value).encode()).decode() if value else ""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        if not value:
            return value
        try:
            return fernet().decrypt(value.encode()).decode()
        except InvalidToken as exc:
            raise UndecryptableSecret(self.name) from exc
