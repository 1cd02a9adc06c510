"""Find what a user and a key may draw: their own limits, else those of their group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from accounts.choice.pool_settings import pool
from accounts.models import ApiKey, User, UserGroup
from accounts.models.limits import Limits
from mjproxy.lib.db.snapshot import Snapshot


@dataclass(frozen=True)
class KeyLimits:
    """What may be drawn with a key; None: no limit."""

    drawings_a_day: int | None = None
    drawings_in_total: int | None = None


@dataclass(frozen=True)
class Allowed:
    """What a user may draw. None: no limit; no speeds or bots: all of them."""

    drawings_a_day: int | None = None
    drawings_a_month: int | None = None
    drawings_in_total: int | None = None
    running_at_once: int | None = None
    waiting_at_once: int | None = None
    speeds: tuple[str, ...] = ()
    bots: tuple[str, ...] = ()
    may_swap_faces: bool = False


_NUMBERS: Final = (
    "drawings_a_day",
    "drawings_a_month",
    "drawings_in_total",
    "running_at_once",
    "waiting_at_once",
)
_LISTS: Final = ("speeds", "bots")
_LOADED: Final = tuple(field.name for field in Limits._meta.get_fields())


@dataclass(frozen=True)
class _Rows:
    """A user with their group."""

    user: User

    def of(self, name: str) -> Any:
        """Return the user's own value; if it is empty, that of the group."""
        own = getattr(self.user, name)
        if own not in (None, []) or self.user.group is None:
            return own
        return getattr(self.user.group, name)


def _read(user_id: int) -> Allowed:
    columns = [*_LOADED, *(f"group__{name}" for name in _LOADED)]
    users = User.objects.select_related("group").only("is_staff", *columns)
    user = users.filter(pk=user_id).first()
    if user is None:
        return Allowed()  # just deleted; nothing can be written for them
    rows = _Rows(user)
    is_operator = rows.user.is_staff
    numbers = {name: rows.of(name) for name in _NUMBERS}
    if numbers["waiting_at_once"] is None and not is_operator:
        numbers["waiting_at_once"] = pool().waiting_per_user
    swaps = rows.of("may_swap_faces")
    found: dict[str, Any] = {name: number or None for name, number in numbers.items()}
    found |= {name: tuple(rows.of(name)) for name in _LISTS}
    return Allowed(
        **found, may_swap_faces=is_operator if swaps is None else bool(swaps)
    )


def _read_key(key_id: int) -> KeyLimits:
    rows = ApiKey.objects.filter(pk=key_id)
    found = rows.values_list("drawings_a_day", "drawings_in_total").first()
    return KeyLimits(*(number or None for number in found or ()))


allowed: Final = Snapshot(_read, User, UserGroup)
key_limits: Final = Snapshot(_read_key, ApiKey)


def running_limits(user_ids: Collection[int]) -> dict[int, int]:
    """Return how many drawings of these users may run at once; others have no limit."""
    if len(user_ids) == 1:
        (only,) = user_ids
        found = {only: allowed(only).running_at_once}
    else:
        users = User.objects.filter(pk__in=user_ids).order_by()
        columns = ("pk", "running_at_once", "group__running_at_once")
        found = {
            pk: groups if own is None else own
            for pk, own, groups in users.values_list(*columns)
        }
    return {pk: most for pk, most in found.items() if most}
