"""Keys that users make and revoke by themselves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.enums import KeyScope
from accounts.exceptions import AccountsError, InvalidField
from accounts.models import ApiKey, User
from accounts.people.callers import Asker
from accounts.people.keys import create_key
from accounts.people.passes import revoke

MOST_KEYS: Final = 100  # of one user that are not revoked


class KeyMakesNone(AccountsError):
    """The session was opened with a key that may make no other."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "有限制的 Token 不能创建新的 Token",
            "A key with an end, addresses or limits makes no other keys: sign in with "
            "your password, or with another key",
        )


@dataclass(frozen=True)
class NewKey:
    """What a new key is to be good for."""

    name: str = ""
    scopes: Collection[str] = ()
    expires_at: datetime | None = None
    allowed_addresses: list[str] = field(default_factory=list)
    drawings_a_day: int | None = None
    drawings_in_total: int | None = None


def scopes_for(asker: Asker) -> list[KeyScope]:
    """Return the scopes that a new key of this caller may have.

    A key gives no more than its owner has, and no more than the key that makes it.
    """
    return [
        scope
        for scope in KeyScope
        if (scope != KeyScope.ADMIN or asker.user.is_operator)
        and (asker.key is None or scope in asker.key.scopes)
    ]


def may_make_keys(asker: Asker) -> bool:
    """Tell whether no limit of the caller's own key could be passed by another key."""
    return asker.key is None or asker.key.is_unlimited


@transaction.atomic
def create_own_key(asker: Asker, wanted: NewKey) -> str:
    """Create a key for the caller and return it. Raises KeyMakesNone, InvalidField."""
    if not may_make_keys(asker):
        raise KeyMakesNone
    allowed = set(scopes_for(asker))
    if not wanted.scopes or not set(wanted.scopes) <= allowed:
        raise InvalidField("权限无效", "Choose at least one of the scopes")
    if wanted.expires_at and wanted.expires_at <= timezone.now():
        raise InvalidField("过期时间无效", "The end is in the past")
    # Locked, so that two requests do not make one key too many.
    owner = User.objects.select_for_update().only("pk").get(pk=asker.user.pk)
    if owner.api_keys.filter(is_active=True).count() >= MOST_KEYS:
        raise InvalidField("Token 过多", f"A user has at most {MOST_KEYS} keys")
    fields = vars(wanted) | {"scopes": [s for s in KeyScope if s in wanted.scopes]}
    row = ApiKey(owner=owner, prefix="-", digest="-", **fields)
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as exc:
        raise InvalidField("参数错误", "; ".join(exc.messages)) from exc
    return create_key(owner, **fields)


def revoke_own_key(asker: Asker, key_id: int) -> bool:
    """Revoke a key of the caller; False if they have no such key."""
    return bool(revoke(ApiKey.objects.filter(owner=asker.user.pk, pk=key_id)))
