"""Passes: by what somebody came in, so that it can be looked at again.

A socket or a stream outlives the request that opened it, and a signed-in session the
key that it was opened with. Once the key is revoked or its user shut out, they end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts.models import ApiKey, User
from accounts.people.keys import digest
from accounts.signals import access_changed, user_leaves

SESSION_KEY: Final = "key_digest"  # in a session that was opened with a key


@dataclass(frozen=True)
class Pass:
    """A user, and the hashes of the keys of which one must be valid; none: any."""

    user_id: int
    digests: tuple[str, ...] = ()

    def is_valid(self) -> bool:
        """Tell whether it lets in now, as the rows say."""
        user = User.objects.filter(pk=self.user_id, is_active=True)
        if not self.digests:
            return user.exists()
        if digest(settings.ADMIN_TOKEN) in self.digests:
            return user.filter(is_staff=True).exists()
        keys = ApiKey.objects.filter(digest__in=self.digests, is_active=True)
        return keys.filter(owner__in=user).exists()


def pass_of(user: User, keys: Iterable[str], session: Any) -> Pass:
    """Return by what a user came in: one of the keys, else the session."""
    by_key = Pass(user.pk, tuple(digest(key) for key in keys))
    if by_key.digests and by_key.is_valid():
        return by_key
    held = session.get(SESSION_KEY) if session is not None else None
    return Pass(user.pk, (held,) if isinstance(held, str) else ())


class PassedSessions:
    """Signs out a session whose key is no longer valid."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            held = request.session.get(SESSION_KEY)
            user: Any = request.user if held else None
            if held and not (user.pk and Pass(user.pk, (held,)).is_valid()):
                logout(request)
        return self.get_response(request)


# --- taken back ----------------------------------------------------------------------


def tell(user_id: int) -> None:
    """Have what a user has opened looked at again, after the commit."""
    transaction.on_commit(
        partial(access_changed.send_robust, sender=User, user_id=user_id)
    )


def revoke(keys: QuerySet[ApiKey]) -> int:
    """Revoke keys; what was opened with them ends. Returns how many were valid."""
    with transaction.atomic():
        owners = set(keys.order_by().values_list("owner", flat=True))
        count = keys.filter(is_active=True).update(is_active=False)
        for owner in owners:
            tell(owner)
    return count


def save_key(key: ApiKey) -> None:
    """Save an edited key; what was opened with it ends where it is revoked."""
    key.save()
    tell(key.owner_id)


def delete_keys(keys: QuerySet[ApiKey]) -> None:
    """Delete keys; what was opened with them ends."""
    revoke(keys)
    keys.delete()


def delete_user(user: User) -> None:
    """Delete a user with all that is theirs, files too."""
    # Files first: a row without its file is found again, a file without a row not.
    user_leaves.send(sender=User, user_id=user.pk)
    with transaction.atomic():
        tell(user.pk)
        user.delete()
