"""Who asks: the user of a request, by key, by session, or as a guest."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts.exceptions import TooManyTries
from accounts.models import AccessSettings, User
from accounts.people.keys import GUEST_NAME
from accounts.people.wrong_keys import user_by


@dataclass(frozen=True)
class Asker:
    """A user, and whether a cookie alone speaks for them."""

    user: User
    by_session: bool = False


def asker_of(request: HttpRequest) -> Asker | None:
    """Return who asks, or None for a stranger.

    A wrong key counts as none: behind it the session is looked at, then whether guests
    are let in. Raises UserDisabled for the key of a user who was shut out, and
    TooManyTries for a stranger with a key whose address has shown too many wrong ones.
    """
    keys, refused = keys_in(request), None
    try:
        if keys and (user := user_by(keys, client_ip(request))):
            return Asker(user)
    except TooManyTries as exc:
        refused = exc
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        signed_in = request.user
        if isinstance(signed_in, User) and signed_in.is_active:
            return Asker(signed_in, by_session=True)
    if guest := guest_user():
        return Asker(guest)
    if refused:
        raise refused
    return None


def keys_in(request: HttpRequest) -> list[str]:
    """Return the keys that a request carries, in any of the three forms."""
    found = []
    for name in ("HTTP_AUTHORIZATION", "HTTP_MJ_API_SECRET"):
        value = request.META.get(name, "").strip()
        word, _, rest = value.partition(" ")
        if word.lower() == "bearer":
            value = rest.strip()
        if value:
            found.append(value)
    return list(dict.fromkeys(found))


def guest_user() -> User | None:
    """Return the user who stands for callers without a key, where they are let in."""
    if not AccessSettings.get_solo().allow_without_key:
        return None
    return User.objects.filter(username=GUEST_NAME, is_active=True).first()


def link_base(request: HttpRequest) -> str:
    """Return the origin under which the caller reached us, "" where it is absurd."""
    base = f"{request.scheme}://{request.get_host()}"
    return base if len(base) <= 300 else ""


def client_ip(request: HttpRequest) -> str | None:
    """Return the caller's address: behind trusted proxies the one that they have seen.

    What they say is read before a request comes to Django.
    """
    try:
        address = ipaddress.ip_address(
            request.META.get("REMOTE_ADDR", "").partition("%")[0]
        )
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
