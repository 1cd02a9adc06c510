"""Pass: how a caller was identified, to be checked again later.

A socket or stream outlives the request that opened it, and a session outlives the key
it was opened with. They end when the key is revoked or its user is disabled.
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
from accounts.people.keys import digest, forget_owners
from accounts.signals import access_changed, user_leaves

SESSION_KEY: Final = "key_digest"  # session entry: the hash of the key that signed in


@dataclass(frozen=True)
class Pass:
    """A user and key hashes, one of which must be valid. No hashes: any key counts."""

    user_id: int
    digests: tuple[str, ...] = ()

    def is_valid(self) -> bool:
        """Tell whether user and key are still valid in the database."""
        user = User.objects.filter(pk=self.user_id, is_active=True)
        if not self.digests:
            return user.exists()
        if digest(settings.ADMIN_TOKEN) in self.digests:
            return user.filter(is_staff=True).exists()
        keys = ApiKey.objects.filter(digest__in=self.digests, is_active=True)
        return keys.filter(owner__in=user).exists()


def pass_of(user: User, keys: Iterable[str], session: Any) -> Pass:
    """Return a pass for one of these keys, or else for the session."""
    by_key = Pass(user.pk, tuple(digest(key) for key in keys))
    if by_key.digests and by_key.is_valid():
        return by_key
    held = session.get(SESSION_KEY) if session is not None else None
    return Pass(user.pk, (held,) if isinstance(held, str) else ())


class PassedSessions:
    """Middleware that signs out a session whose key is no longer valid."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            held = request.session.get(SESSION_KEY)
            user: Any = request.user if held else None
            if held and not (user.pk and Pass(user.pk, (held,)).is_valid()):
                logout(request)
        return self.get_response(request)


# --- revoking -------------------------------------------------------------------------


def send_access_changed(user_id: int) -> None:
    """Send `access_changed` after the commit, so that open streams check their pass."""
    transaction.on_commit(
        partial(access_changed.send_robust, sender=User, user_id=user_id)
    )


def revoke(keys: QuerySet[ApiKey]) -> int:
    """Revoke keys and end all that was opened with them. Return how many were valid."""
    with transaction.atomic():
        owners = set(keys.order_by().values_list("owner", flat=True))
        count = keys.filter(is_active=True).update(is_active=False)
        forget_owners()
        for owner in owners:
            send_access_changed(owner)
    return count


def save_key(key: ApiKey) -> None:
    """Save an edited key; what was opened with it ends where it is revoked."""
    key.save()
    send_access_changed(key.owner_id)


def delete_keys(keys: QuerySet[ApiKey]) -> None:
    """Delete keys; what was opened with them ends."""
    revoke(keys)
    keys.delete()


def delete_user(user: User) -> None:
    """Delete a user with their rows and files."""
    # Files first: a row without its file can be found again, a file without its row
    # cannot.
    user_leaves.send(sender=User, user_id=user.pk)
    with transaction.atomic():
        send_access_changed(user.pk)
        user.delete()
