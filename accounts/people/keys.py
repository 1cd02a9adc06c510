"""Create, hash and find API keys. Only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.enums import KeyScope
from accounts.exceptions import (
    InvalidField,
    KeyExpired,
    KeyRefused,
    KeyRevoked,
    NotValidNow,
    UserDisabled,
    WrongAddress,
)
from accounts.models import ApiKey, User
from mjproxy.lib.audit.records import in_record, made
from mjproxy.lib.db.compiled_query import CompiledQuery
from mjproxy.lib.db.snapshot import Snapshot
from mjproxy.lib.db.unique_races import checked_again
from mjproxy.lib.validators.networks import Network, covers, network_of

MIN_KEY_LENGTH: Final = 20  # characters; shorter keys could be guessed
ADMIN_NAME: Final = "admin"
GUEST_NAME: Final = "guest"

# The fields of the caller that a request needs. Secrets are left out: decrypting them
# would cost more than the whole look-up.
_FIELDS: Final = (
    "username",
    "is_active",
    "is_staff",
    "is_superuser",
    "is_trusted",
    "valid_from",
    "valid_until",
)
# In the order of the model, which `from_db` expects.
_LOADED: Final = tuple(
    field.attname
    for field in User._meta.concrete_fields
    if field.attname in {"id", *_FIELDS}
)

_keys_by_digest: Final = CompiledQuery[ApiKey](
    lambda one, other: (
        ApiKey.objects.filter(digest__in=[one, other])
        .select_related("owner")
        .only(
            "digest",
            "is_active",
            "scopes",
            "expires_at",
            "allowed_addresses",
            "drawings_a_day",
            "drawings_in_total",
            *(f"owner__{name}" for name in _FIELDS),
        )
    ),
    values=2,
)


@dataclass(frozen=True)
class KeyFacts:
    """What a key is good for. The admin token has the id 0."""

    id: int
    digest: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    networks: tuple[Network, ...] = ()
    drawings_a_day: int | None = None
    drawings_in_total: int | None = None

    @classmethod
    def of(cls, key: ApiKey) -> KeyFacts:
        return cls(
            id=key.pk,
            digest=key.digest,
            scopes=frozenset(map(str, key.scopes)),
            expires_at=key.expires_at,
            networks=tuple(map(network_of, key.allowed_addresses)),
            drawings_a_day=key.drawings_a_day,
            drawings_in_total=key.drawings_in_total,
        )

    def check(self, address: str | None) -> None:
        """Raise KeyExpired, or WrongAddress for a caller at `address`."""
        if self.expires_at and self.expires_at <= timezone.now():
            raise KeyExpired
        if self.networks and not covers(self.networks, address):
            raise WrongAddress

    @property
    def is_unlimited(self) -> bool:
        """Whether it has neither an end nor addresses nor limits of its own."""
        limits = self.drawings_a_day, self.drawings_in_total
        return not (self.expires_at or self.networks or any(limits))


class Found(NamedTuple):
    """A key and its owner's values, shared by all threads."""

    key: KeyFacts
    owner: tuple[Any, ...]


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@checked_again
@in_record
@transaction.atomic
def create_key(owner: User, *, name: str = "", key: str = "", **fields: Any) -> str:
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
    row = ApiKey.objects.create(
        owner=owner, name=name, prefix=key[:8], digest=digest(key), **fields
    )
    made(row)
    return key


def is_taken(key: str) -> bool:
    """Tell whether a key is already in use."""
    rows = ApiKey.objects.filter(digest=digest(key))
    return key == settings.ADMIN_TOKEN or rows.exists()


def owner_of(
    keys: Sequence[str], address: str | None = None
) -> tuple[User, KeyFacts] | None:
    """Return the first or the last key with its owner; None if both are unknown.

    Raises KeyRefused if those found may not be used by a caller at `address`. A key
    that was revoked by another process may count for a second more.
    """
    if any(constant_time_compare(key, settings.ADMIN_TOKEN) for key in keys):
        return _admin()
    return _usable([digest(keys[0]), digest(keys[-1])], address)


def held_key(held: str, address: str | None) -> tuple[User, KeyFacts] | None:
    """Return, as `owner_of` does, the key that has opened a session, by its digest."""
    if held == digest(settings.ADMIN_TOKEN):
        return _admin()
    return _usable([held], address)


def _admin() -> tuple[User, KeyFacts] | None:
    scopes = frozenset(KeyScope.values)
    token = KeyFacts(0, digest(settings.ADMIN_TOKEN), scopes)
    try:
        return _caller(Found(token, named_user(ADMIN_NAME)))
    except User.DoesNotExist:
        return None


def _usable(
    digests: Sequence[str], address: str | None
) -> tuple[User, KeyFacts] | None:
    try:
        found = _found(digests[0], digests[-1])
    except User.DoesNotExist:
        return None
    refused: list[KeyRefused] = []
    for each in found:
        try:
            each.key.check(address)
            return _caller(each)
        except KeyRefused as exc:
            refused.append(exc)
    raise refused[0]


def _caller(found: Found) -> tuple[User, KeyFacts]:
    user = user_from(found.owner)
    user.as_operator = KeyScope.ADMIN in found.key.scopes
    check_time(user)
    return user, found.key


def check_time(user: User) -> None:
    """Raise NotValidNow for a user who is not valid yet, or not any more."""
    if user.valid_from and timezone.now() < user.valid_from:
        raise NotValidNow
    if user.valid_until and user.valid_until <= timezone.now():
        raise NotValidNow


def forget_owners() -> None:
    """Read the owners of keys again: called where keys are written without a save."""
    _found.drop()


def user_from(values: tuple[Any, ...]) -> User:
    """Return a user of the caller's own, from values that all threads share."""
    return User.from_db(DEFAULT_DB_ALIAS, _LOADED, values)


def _read_found(one: str, other: str) -> tuple[Found, ...]:
    """Return the active keys of these digests with active owners, at least one.

    Raises User.DoesNotExist, KeyRevoked, UserDisabled.
    """
    rows = sorted(_keys_by_digest(one, other), key=lambda row: row.digest != one)
    found = tuple(map(_as_found, (row for row in rows if _is_good(row))))
    if not rows:
        raise User.DoesNotExist
    if not found:
        raise KeyRevoked if not any(row.is_active for row in rows) else UserDisabled
    return found


def _is_good(row: ApiKey) -> bool:
    return row.is_active and row.owner.is_active


def _as_found(row: ApiKey) -> Found:
    owner = tuple(getattr(row.owner, name) for name in _LOADED)
    return Found(KeyFacts.of(row), owner)


def _read_named(name: str) -> tuple[Any, ...]:
    """Return the values of the active user of a name. Raises User.DoesNotExist."""
    users = User.objects.filter(username=name, is_active=True)
    values: tuple[Any, ...] = users.values_list(*_LOADED).get()
    return values


# Only right keys are kept: a new key, or an enabled user, is known at once everywhere.
_found: Final = Snapshot(_read_found, ApiKey, User)
named_user: Final = Snapshot(_read_named, User)
