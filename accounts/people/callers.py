"""Find the user of a request: by key, by session, or as a guest."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts.exceptions import TooManyTries
from accounts.models import User
from accounts.people.keys import GUEST_NAME, named_user, user_from
from accounts.people.wrong_keys import user_by
from accounts.selectors import access_settings


@dataclass(frozen=True)
class Asker:
    """A user; `by_session` means that only a cookie identifies them."""

    user: User
    by_session: bool = False


def asker_of(request: HttpRequest) -> Asker | None:
    """Return the caller, or None for an unknown one.

    An unknown key is ignored; then the session cookie counts, then guest access. Raises
    UserDisabled for the key of a disabled user, and TooManyTries for an unknown caller
    with a key from an address that has sent too many wrong keys.
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


def guest_user() -> User | None:
    """Return the user for callers without a key, or None if guests are not allowed."""
    if not access_settings().allow_without_key:
        return None
    try:
        return user_from(named_user(GUEST_NAME))
    except User.DoesNotExist:
        return None


def link_base(request: HttpRequest) -> str:
    """Return the origin that the caller used, or "" if it is over 300 characters."""
    base = f"{request.scheme}://{request.get_host()}"
    return base if len(base) <= 300 else ""


def client_ip(request: HttpRequest) -> str | None:
    """Return the caller's address, or None if it is not an IP address.

    The headers of trusted proxies were applied before Django sees the request.
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
