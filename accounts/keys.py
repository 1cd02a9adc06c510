"""API keys: made, hashed, found. Only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.conf import settings
from django.utils.crypto import constant_time_compare

from accounts.exceptions import InvalidField
from accounts.models import ApiKey, User

MIN_KEY_LENGTH: Final = 8
ADMIN_NAME: Final = "admin"
GUEST_NAME: Final = "guest"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(owner: User, *, name: str = "", key: str = "") -> str:
    """Give `owner` a key (a chosen one, or a new one) and return it, this once.

    Raises InvalidField where a chosen key is too short or already somebody's.
    """
    key = key or "mjp_" + secrets.token_urlsafe(32)
    if len(key) < MIN_KEY_LENGTH:
        raise InvalidField(
            "Token 太短", f"A token has {MIN_KEY_LENGTH} or more letters"
        )
    if (
        key == settings.ADMIN_TOKEN
        or ApiKey.objects.filter(digest=digest(key)).exists()
    ):
        raise InvalidField("Token 重复", "This token is already in use")
    ApiKey.objects.create(owner=owner, name=name, prefix=key[:8], digest=digest(key))
    return key


def user_of_key(key: str) -> User | None:
    """Return the active user that `key` belongs to; the admin token is an operator's."""
    if constant_time_compare(key, settings.ADMIN_TOKEN):
        return User.objects.filter(username=ADMIN_NAME, is_active=True).first()
    row = (
        ApiKey.objects.filter(digest=digest(key), is_active=True, owner__is_active=True)
        .select_related("owner")
        .first()
    )
    return row.owner if row else None
