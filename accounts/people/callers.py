"""Find the user of a request: by key, by session, as a guest or as a visitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from accounts.enums import KeyScope, Role
from accounts.exceptions import (
    AccountsError,
    ScopeMissing,
    SecondFactorNeeded,
    TooManyTries,
)
from accounts.models import User
from accounts.people import last_use, second_factor
from accounts.people.keys import (
    GUEST_NAME,
    KeyFacts,
    check_time,
    held_key,
    named_user,
    user_from,
)
from accounts.people.wrong_keys import owner_by
from accounts.selectors import access_settings
from mjproxy.lib.validators.networks import address_of

_BY_VISITOR: Final = "is_by_visitor"
_REFUSED: Final = "refused_caller"  # why; None: nobody knows them
SESSION_KEY: Final = "key_digest"  # session entry: the hash of the key that signed in


@dataclass(frozen=True)
class Asker:
    """A user, and how they came in.

    `session_key` is that of the session, where only a cookie identifies them. `key` is
    the key that was sent, or that has opened the session.
    """

    user: User
    session_key: str = ""
    key: KeyFacts | None = None
    role: Role = Role.USER

    @property
    def by_session(self) -> bool:
        return bool(self.session_key)

    @property
    def is_visitor(self) -> bool:
        return self.role == Role.VISITOR

    def check(self, scope: KeyScope) -> None:
        """Raise ScopeMissing where their key is not good for this."""
        if self.key and scope not in self.key.scopes:
            raise ScopeMissing(scope)


def asker_of(request: HttpRequest) -> Asker | None:
    """Return the caller, or None for an unknown one.

    Who does not come in is looked for once in a request, so that a wrong key counts
    once where a view asks again.

    An unknown key is ignored; then the session cookie counts, then guest access. Raises
    KeyRefused for a key that may not be used, TooManyTries for an unknown caller with a
    key from an address that has sent too many wrong keys, and SecondFactorNeeded for
    the session of an operator who must set one up first.
    """
    if _REFUSED not in vars(request):
        refused = None
        try:
            if asker := _asker(request):
                return asker
        except AccountsError as exc:
            refused = exc
        vars(request)[_REFUSED] = refused
    if refused := vars(request)[_REFUSED]:
        raise refused
    return None


def _asker(request: HttpRequest) -> Asker | None:
    keys, refused = keys_in(request), None
    try:
        if keys and (asker := asker_by_key(keys, client_ip(request))):
            return asker
    except TooManyTries as exc:
        refused = exc
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        asker = asker_in(request.session, request.user, client_ip(request))
        if asker:
            return asker
    if asker := _unnamed_asker():
        if asker.is_visitor:
            _mark(request)
        return asker
    if refused:
        raise refused
    return None


def _mark(request: HttpRequest) -> None:
    """Mark a visitor's request, whose answer is masked and so not compressed before."""
    vars(request)[_BY_VISITOR] = True
    request.META.pop("HTTP_ACCEPT_ENCODING", None)


def is_by_visitor(request: HttpRequest) -> bool:
    return _BY_VISITOR in vars(request)


def asker_by_key(keys: Sequence[str], address: str | None) -> Asker | None:
    """Return the caller with one of these keys, or None. Raises as `owner_by` does."""
    found = owner_by(keys, address)
    return _with_key(*found) if found else None


def asker_in(session: Any, user: Any, address: str | None) -> Asker | None:
    """Return the caller whom a session has signed in, or None.

    Raises SecondFactorNeeded, and KeyRefused as `signed_in` does.
    """
    found = signed_in(session, user, address)
    if found is None:
        return None
    if second_factor.is_missing(found[0]):
        raise SecondFactorNeeded
    return _with_key(*found, session_key=session.session_key)


def signed_in(
    session: Any, user: Any, address: str | None
) -> tuple[User, KeyFacts | None] | None:
    """Return the user of a session, and the key that has opened it, if one has.

    Raises KeyRefused where user or key may not be used.
    """
    if not isinstance(user, User) or not user.is_active:
        return None
    held = session.get(SESSION_KEY)
    if not isinstance(held, str):
        check_time(user)
        return user, None
    found = held_key(held, address)
    return found if found and found[0].pk == user.pk else None


def _with_key(user: User, key: KeyFacts | None, *, session_key: str = "") -> Asker:
    if key and key.id:
        last_use.note(key.id)
    return Asker(user, session_key, key, _role_of(user))


def _role_of(user: User) -> Role:
    return Role.OPERATOR if user.is_operator else Role.USER


def _unnamed_asker() -> Asker | None:
    """Return the visitor or the guest that callers without a key are, or None."""
    access = access_settings()
    if access.demo_mode:
        # No row: it sees what an operator sees, and owns nothing.
        visitor = User(pk=0, username="visitor", is_staff=True)
        return Asker(visitor, role=Role.VISITOR)
    if not access.allow_without_key:
        return None
    try:
        return Asker(user_from(named_user(GUEST_NAME)), role=Role.GUEST)
    except User.DoesNotExist:
        return None


def keys_in(request: HttpRequest) -> list[str]:
    """Return the keys of a request.

    They come from the Authorization header, with or without "Bearer", and from
    mj-api-secret, which may also begin with "Bearer".
    """
    found = []
    for name in ("HTTP_AUTHORIZATION", "HTTP_MJ_API_SECRET"):
        value = request.META.get(name, "").strip()
        word, _, rest = value.partition(" ")
        if word.lower() == "bearer":
            value = rest.strip()
        if value:
            found.append(value)
    return list(dict.fromkeys(found))


def link_base(request: HttpRequest) -> str:
    """Return the origin that the caller used, or "" if it is over 300 characters."""
    base = f"{request.scheme}://{request.get_host()}"
    return base if len(base) <= 300 else ""


def client_ip(request: HttpRequest) -> str | None:
    """Return the caller's address, or None if it is not an IP address.

    The headers of trusted proxies were applied before Django sees the request.
    """
    try:
        return str(address_of(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None
