"""Let a request pass, or refuse it, by the address it comes from."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from accounts.enums import Role
from accounts.exceptions import AddressBlocked
from accounts.models import User
from accounts.people.callers import Asker, client_ip
from accounts.protection import counters
from accounts.protection.places import place_of
from accounts.protection.rules import Counter, protection


def check(path: str, address: str | None, is_exempt: Callable[[], bool]) -> None:
    """Count a request for a decoded path.

    An unknown address is not counted, nor is a request that `is_exempt`; this is asked
    only where a list or a rule applies. Raises AddressBlocked, TooManyRequests.
    """
    rules = protection()
    if not (rules.limits or rules.blocks) or address is None:
        return
    place = place_of(address)
    if rules.limits and rules.limits.white.cover(place):
        return
    limiting: list[Counter] = []
    blocking: list[Counter] = []
    minutes = 0
    is_black = rules.limits is not None and rules.limits.black.cover(place)
    if rules.limits:
        limiting = list(rules.limits.counters(path, place))
    if rules.blocks and not rules.blocks.white.cover(place):
        is_black = is_black or rules.blocks.black.cover(place)
        blocking = list(rules.blocks.counters(path, place))
        minutes = rules.block_minutes
    if not (is_black or limiting or minutes) or is_exempt():
        return
    if is_black:
        raise AddressBlocked
    counters.count(place, limiting, blocking, minutes)


def admit(request: HttpRequest, asker: Asker) -> None:
    """Count a call of the API by a known caller. Raises as `check` does.

    Operators and trusted users are not counted.
    """

    def is_exempt() -> bool:
        return asker.role == Role.OPERATOR or asker.user.is_trusted

    check(request.path_info, client_ip(request), is_exempt)


def is_trusted_user(user: object) -> bool:
    """Tell whether somebody who is signed in is not counted."""
    return isinstance(user, User) and (user.is_operator or user.is_trusted)
