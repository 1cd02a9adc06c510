"""Create, hash and find API keys. Only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils.crypto import constant_time_compare

from accounts.exceptions import InvalidField, UserDisabled
from accounts.models import ApiKey, User
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.db.snapshot import Snapshot
from mjproxy.lib.db.unique_races import checked_again

MIN_KEY_LENGTH: Final = 20  # characters; shorter keys could be guessed
ADMIN_NAME: Final = "admin"
GUEST_NAME: Final = "guest"

# The fields of the caller that a request needs. Secrets are left out: decrypting them
# would cost more than the whole look-up.
_FIELDS: Final = ("username", "is_active", "is_staff", "is_superuser")
# In the order of the model, which `from_db` expects.
_LOADED: Final = tuple(
    field.attname
    for field in User._meta.concrete_fields
    if field.attname in {"id", *_FIELDS}
)

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
    """Return the active owner of the first or the last key.

    Returns None for unknown keys. Raises UserDisabled if all owners found are disabled.
    A key that was revoked by another process may count for a second more.
    """
    try:
        if any(constant_time_compare(key, settings.ADMIN_TOKEN) for key in keys):
            return user_from(named_user(ADMIN_NAME))
        return user_from(_owner(digest(keys[0]), digest(keys[-1])))
    except User.DoesNotExist:
        return None


def forget_owners() -> None:
    """Read the owners of keys again: called where keys are written without a save."""
    _owner.drop()


def user_from(values: tuple[Any, ...]) -> User:
    """Return a user of the caller's own, from values that all threads share."""
    return User.from_db(DEFAULT_DB_ALIAS, _LOADED, values)


def _read_owner(one: str, other: str) -> tuple[Any, ...]:
    owners = [row.owner for row in _keys_by_digest(one, other)]
    for owner in owners:
        if owner.is_active:
            return tuple(getattr(owner, name) for name in _LOADED)
    raise UserDisabled if owners else User.DoesNotExist


def _read_named(name: str) -> tuple[Any, ...]:
    """Return the values of the active user of a name. Raises User.DoesNotExist."""
    users = User.objects.filter(username=name, is_active=True)
    values: tuple[Any, ...] = users.values_list(*_LOADED).get()
    return values


# Only right keys are kept: a new key, or an enabled user, is known at once everywhere.
_owner: Final = Snapshot(_read_owner, ApiKey, User)
named_user: Final = Snapshot(_read_named, User)
