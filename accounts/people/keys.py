"""Create, hash and find API keys. Only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.exceptions import InvalidField, UserDisabled
from accounts.models import ApiKey, User
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.db.unique_races import checked_again

MIN_KEY_LENGTH: Final = 20  # characters; shorter keys could be guessed
ADMIN_NAME: Final = "admin"
GUEST_NAME: Final = "guest"

# The fields of the caller that a request needs. Secrets are left out: decrypting them
# would cost more than the whole look-up.
_FIELDS: Final = ("username", "is_active", "is_staff", "is_superuser")

_keys_by_digest: Final = CompiledQuery[ApiKey](
    lambda one, other: (
        ApiKey.objects.filter(digest__in=[one, other], is_active=True)
        .select_related("owner")
        .only(*(f"owner__{name}" for name in _FIELDS))
    ),
    values=2,
)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@checked_again
@transaction.atomic
def create_key(owner: User, *, name: str = "", key: str = "") -> str:
    """Create a key for `owner` and return it; it cannot be read again later.

    `key` is a chosen key; empty: a random one. Raises InvalidField if a chosen key is
    too short or already in use.
    """
    key = key or "mjp_" + secrets.token_urlsafe(32)
    if len(key) < MIN_KEY_LENGTH:
        raise InvalidField(
            f"Token 太短，至少{MIN_KEY_LENGTH}个字符",
            f"A token has {MIN_KEY_LENGTH} or more characters",
        )
    if is_taken(key):
        raise InvalidField("Token 重复", "This token is already in use")
    ApiKey.objects.create(owner=owner, name=name, prefix=key[:8], digest=digest(key))
    return key


def is_taken(key: str) -> bool:
    """Tell whether a key is already in use."""
    rows = ApiKey.objects.filter(digest=digest(key))
    return key == settings.ADMIN_TOKEN or rows.exists()


def user_of_key(key: str) -> User | None:
    """Return the active user of `key`, or None. The admin token has an operator."""
    try:
        return owner_of([key])
    except UserDisabled:
        return None


def owner_of(keys: Sequence[str]) -> User | None:
    """Return the active owner of the first or the last key, with one query.

    Returns None for unknown keys. Raises UserDisabled if all owners found are disabled.
    """
    if any(constant_time_compare(key, settings.ADMIN_TOKEN) for key in keys):
        operators = User.objects.filter(username=ADMIN_NAME, is_active=True)
        return next(iter(operators.only(*_FIELDS)), None)
    rows = _keys_by_digest(digest(keys[0]), digest(keys[-1]))
    owners = [row.owner for row in rows]
    if owners and not any(owner.is_active for owner in owners):
        raise UserDisabled
    return next((owner for owner in owners if owner.is_active), None)
