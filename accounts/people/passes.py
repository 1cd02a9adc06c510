"""Pass: how a caller was identified, to be checked again later.

A socket or stream outlives the request that opened it, and a session outlives the key
it was opened with. They end when the key is revoked or its user is disabled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user, logout
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.enums import KeyScope
from accounts.exceptions import KeyRefused
from accounts.models import ApiKey, User
from accounts.people import second_factor
from accounts.people.callers import SESSION_KEY, Asker, client_ip, signed_in
from accounts.people.keys import KeyFacts, check_time, digest, forget_owners
from accounts.signals import access_changed, user_leaves
from mjproxy.lib.audit.records import audited

ACCOUNT_PAGES: Final = "/account/"  # password, second factor, sessions


@dataclass(frozen=True)
class Pass:
    """A user, with the hash of their key and the key of their session, if any.

    `address` is that from which they came. `ends_at` is the end that the key had then.
    """

    user_id: int
    digest: str = ""
    session_key: str = ""
    address: str | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(cls, asker: Asker, address: str | None) -> Pass:
        user_id, session_key = asker.user.pk, asker.session_key
        if (key := asker.key) is None:
            return cls(user_id, session_key=session_key, address=address)
        return cls(user_id, key.digest, session_key, address, key.expires_at)

    def seconds_to_look(self, most: float) -> float:
        """Return after how many seconds to ask `user` again: `most`, or at the end."""
        if self.ends_at is None:
            return most
        left = (self.ends_at - timezone.now()).total_seconds()
        return min(left, most) if left > 0 else most

    def user(self) -> User | None:
        """Return the user as the database has them, or None if they may read no more.

        They act as an operator only if the key lets them.
        """
        if self.session_key and not self._is_signed_in():
            return None
        try:
            user = self._by_key() if self.digest else self._by_id()
            if user:
                check_time(user)
        except KeyRefused:
            return None
        return user

    def _is_signed_in(self) -> bool:
        """Tell whether the session still is this user's, as the next request would."""
        request = HttpRequest()
        request.session = SessionStore(self.session_key)
        user = get_user(request)
        return user.pk == self.user_id and not second_factor.is_missing(user)

    def _by_id(self) -> User | None:
        users = User.objects.defer("webhook_secret")
        return users.filter(pk=self.user_id, is_active=True).first()

    def _by_key(self) -> User | None:
        if self.digest == digest(settings.ADMIN_TOKEN):
            user = self._by_id()
            return user if user and user.is_staff else None
        keys = ApiKey.objects.defer("owner__webhook_secret").select_related("owner")
        key = keys.filter(
            digest=self.digest, is_active=True, owner=self.user_id
        ).first()
        if key is None or not key.owner.is_active:
            return None
        facts = KeyFacts.of(key)
        key.owner.as_operator = KeyScope.ADMIN in facts.scopes
        facts.check(self.address)
        return key.owner if KeyScope.READ in facts.scopes else None


class PassedSessions:
    """Middleware for sessions that a key has opened.

    They end with their key, and are good for what it is good for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            user: Any = request.user if SESSION_KEY in request.session else None
            # Who has not passed the second factor yet is not signed in.
            if user and user.pk:
                _keep_to_key(request, user)
        return self.get_response(request)


def _keep_to_key(request: HttpRequest, user: Any) -> None:
    """Sign out if the key is no longer good. Raises PermissionDenied."""
    try:
        found = signed_in(request.session, user, client_ip(request))
    except KeyRefused:
        found = None
    if found is None:
        logout(request)
        return
    user.as_operator = found[0].as_operator
    scopes = found[1].scopes if found[1] else KeyScope
    if request.path_info.startswith(ACCOUNT_PAGES) and KeyScope.ACCOUNT not in scopes:
        raise PermissionDenied


# --- revoking -------------------------------------------------------------------------


def send_access_changed(user_id: int) -> None:
    """Send `access_changed` after the commit, so that open streams check their pass."""
    transaction.on_commit(
        partial(access_changed.send_robust, sender=User, user_id=user_id)
    )


@audited
def revoke(keys: QuerySet[ApiKey]) -> int:
    """Revoke keys and end all that was opened with them. Return how many were valid."""
    with transaction.atomic():
        owners = set(keys.order_by().values_list("owner", flat=True))
        count = keys.filter(is_active=True).update(is_active=False)
        forget_owners()
        for owner in owners:
            send_access_changed(owner)
    return count


@audited
def save_key(key: ApiKey) -> None:
    """Save an edited key; what was opened with it ends where it is revoked."""
    key.save()
    send_access_changed(key.owner_id)


@audited
def delete_keys(keys: QuerySet[ApiKey]) -> None:
    """Delete keys; what was opened with them ends."""
    revoke(keys)
    keys.delete()


@audited
def delete_user(user: User) -> None:
    """Delete a user with their rows and files."""
    # Files first: a row without its file can be found again, a file without its row
    # cannot.
    user_leaves.send(sender=User, user_id=user.pk)
    with transaction.atomic():
        send_access_changed(user.pk)
        user.delete()
