"""A user as operators see and send them."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.utils import timezone
from rest_framework import serializers

from accounts.enums import PriorityClass, SpeedMode
from accounts.exceptions import InvalidField
from accounts.models import User, UserGroup
from accounts.models.limits import BOTS, MOST_AT_ONCE, MOST_DRAWINGS
from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text, Whole, Word

MASK: Final = "****"
# Members with a limit, and their columns.
LIMITS: Final[Mapping[str, str]] = {
    "dayDrawLimit": "drawings_a_day",
    "monthDrawLimit": "drawings_a_month",
    "totalDrawLimit": "drawings_in_total",
    "coreSize": "running_at_once",
    "queueSize": "waiting_at_once",
}
_PLAIN: Final[Mapping[str, str]] = {
    "name": "username",
    "email": "email",
    "isWhite": "is_trusted",
    "allowModes": "speeds",
    "botTypes": "bots",
    "allowFaceSwap": "may_swap_faces",
    "validStartTime": "valid_from",
    "validEndTime": "valid_until",
}
# Members whose null is a value: no time, or that of the group.
_EMPTY: Final = (
    *("allowFaceSwap", "validStartTime", "validEndTime", "priority", "group"),
)
_YEARS: Final = range(1971, 9999)
_OPTIONAL: Final = partial(Text, default=serializers.empty)


class Moment(serializers.DateTimeField):
    """A time that every database and time zone can hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.year not in _YEARS:
            self.fail("overflow")
        return super().enforce_timezone(value)


def _limit(most: int) -> Whole:
    return Whole(
        max_value=most, help_text="Below 0: the group's, if it has one. 0: no limit."
    )


class UserSerializer(DialectSerializer):
    """A user. Members that are not sent keep their value or their default."""

    id = Text(help_text="Empty: create a user.")
    name = _OPTIONAL(max_length=150)
    email = _OPTIONAL(max_length=254, help_text="Needs no confirmation.")
    token = Text(
        max_length=500,
        help_text="A key of your choice. Empty: a random one for a new user, else the "
        "keys stay. It replaces the key that lists show.",
    )
    role = Word("USER", "ADMIN")
    status = Word("NORMAL", "DISABLED")
    priority = Word(*PriorityClass.names, help_text="Null: the group's, else NORMAL.")
    group = _OPTIONAL(max_length=80, help_text="Name of a group; empty: none.")
    isWhite = serializers.BooleanField(required=False, help_text="A trusted user.")
    dayDrawLimit = _limit(MOST_DRAWINGS)
    monthDrawLimit = _limit(MOST_DRAWINGS)
    totalDrawLimit = _limit(MOST_DRAWINGS)
    coreSize = _limit(MOST_AT_ONCE)
    queueSize = _limit(MOST_AT_ONCE)
    allowModes = Items(
        child=Word(*SpeedMode.values),
        max_length=3,
        required=False,
        help_text="Speeds. Empty: the group's, else all.",
    )
    botTypes = Items(child=Word(*BOTS), max_length=2, required=False)
    allowFaceSwap = serializers.BooleanField(
        required=False, allow_null=True, help_text="Null: the group's."
    )
    validStartTime = Moment()
    validEndTime = Moment()

    def to_internal_value(self, data: Any) -> dict[str, object]:
        empty: set[str] = set()
        if isinstance(data, Mapping):
            small = {name: str(name).lower() for name in data}
            optional = {name.lower() for name in _EMPTY}
            empty = {small[n] for n in data if data[n] in (None, "")} & optional
            data = {name: data[name] for name in data if small[name] not in empty}
        read = super().to_internal_value(data)
        return read | {name: None for name in _EMPTY if name.lower() in empty}

    def chosen_key(self) -> str:
        """Return the key that was sent; a masked one is none."""
        sent = str(self.validated_data["token"]).strip()
        return "" if sent.endswith(MASK) else sent

    def changes(self) -> dict[str, object]:
        """Return the sent values, keyed by the column. Raises InvalidField."""
        sent = self.validated_data
        found: dict[str, object] = {
            column: _stripped(sent[name])
            for name, column in _PLAIN.items()
            if name in sent
        }
        for name, column in LIMITS.items():
            if name in sent:
                found[column] = None if sent[name] < 0 else sent[name]
        for name, (column, value_of) in _MEANT.items():
            if name in sent:
                found[column] = value_of(sent[name])
        return found


def _group(name: str | None) -> UserGroup | None:
    if not name:
        return None
    group = UserGroup.objects.filter(name=name.strip()).first()
    if group is None:
        raise InvalidField("用户组不存在", "This group does not exist")
    return group


_MEANT: Final[Mapping[str, tuple[str, Callable[[Any], object]]]] = {
    "role": ("is_staff", lambda word: word == "ADMIN"),
    "status": ("is_active", lambda word: word == "NORMAL"),
    "priority": ("priority", lambda word: PriorityClass[word] if word else None),
    "group": ("group", _group),
}


class UserSearchSerializer(DialectSerializer):
    """Members of a search in the table of users."""

    id = Text()
    name = Text(help_text="A part of it.", max_length=254)
    email = Text(help_text="A part of it.", max_length=254)
    phone = Text(help_text="No user has one.")
    role = Word("USER", "ADMIN")
    status = Word("NORMAL", "DISABLED")


def user_json(
    user: User, key: str | None, *, of_day: int, of_month: int, in_total: int
) -> dict[str, object]:
    """Return a user in JSON, with their numbers of drawings.

    `key` is the begin of a key; no key is ever shown.
    """
    own = {name: getattr(user, column) for name, column in _PLAIN.items()}
    limits = {name: getattr(user, column) for name, column in LIMITS.items()}
    priority = user.priority
    return {
        "id": str(user.pk),
        "properties": {},
        **own,
        **{name: -1 if most is None else most for name, most in limits.items()},
        "phone": "",
        "avatar": "",
        "role": "ADMIN" if user.is_staff else "USER",
        "status": "NORMAL" if user.is_active else "DISABLED",
        "token": f"{key}{MASK}" if key else "",
        "priority": None if priority is None else PriorityClass(priority).name,
        "group": user.group.name if user.group else "",
        "dayDrawCount": of_day,
        "monthDrawCount": of_month,
        "totalDrawCount": in_total,
        "isAvailable": _is_available(user),
        "lastLoginIp": user.last_login_from,
        "registerIp": user.registered_from,
        **_moments("lastLoginTime", user.last_login),
        **_moments("registerTime", user.date_joined),
        **_moments("validStartTime", user.valid_from),
        **_moments("validEndTime", user.valid_until),
        **_moments("createTime", user.date_joined),
        **_moments("updateTime", user.changed_at),
    }


def _is_available(user: User) -> bool:
    now = timezone.now()
    begun = user.valid_from is None or user.valid_from <= now
    return (
        user.is_active and begun and not (user.valid_until and user.valid_until <= now)
    )


def _moments(name: str, moment: datetime | None) -> dict[str, str | None]:
    if moment is None:
        return {name: None, f"{name}Format": None}
    local = timezone.localtime(moment)
    return {name: local.isoformat(), f"{name}Format": f"{local:%Y-%m-%d %H:%M}"}


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
