"""Take users with their keys and limits. None of them becomes an operator by that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from rest_framework.exceptions import ValidationError

from accounts.exceptions import InvalidField
from accounts.limits.meter import begin_at
from accounts.models import ApiKey, User
from accounts.models.limits import MOST_DRAWINGS
from accounts.people.keys import MIN_KEY_LENGTH, digest
from accounts.people.users import create_user
from accounts.wire.user import LIMITS, UserSerializer
from tasks.moving import texts
from tasks.moving.context import Context, Row, objects_in
from tasks.moving.report import Line, refused, skipped, taken
from tasks.moving.take_accounts import MASK
from tasks.moving.take_tasks import USER

# Users of that server itself. Their tasks go to the operator who moves in.
_SERVERS_OWN: Final = frozenset({"admin", "user"})
_MEMBERS: Final = ("isWhite", "validStartTime", "validEndTime", "status", *LIMITS)
_LONGEST_NAME: Final = 150


def take(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write the users of a page."""
    found, lines = objects_in(rows)
    return [*lines, *(_take(context, row) for row in found)]


def _take(context: Context, row: Row) -> Line:
    old = str(row.get("id"))[:80]
    if old in _SERVERS_OWN:
        return skipped(old, "it belongs to the server there")
    known = context.known(USER, [old]).values()
    if User.objects.filter(pk__in=known).exists():
        return skipped(old)
    token = texts.text_of(row.get("token"), 500).strip()
    if MASK in token:
        return refused(old, "its key is masked: the key there is no operator's")
    owner = ApiKey.objects.filter(digest=digest(token)).first() if token else None
    if owner:
        context.remember(USER, old, owner.owner_id)
        return skipped(old, "its key is here already")
    return _created(context, row, old, token)


def _created(context: Context, row: Row, old: str, token: str) -> Line:
    form = UserSerializer(data=_sent(row))
    is_short = len(token) < MIN_KEY_LENGTH
    try:
        form.is_valid(raise_exception=True)
        with transaction.atomic():
            fields: dict[str, Any] = form.changes() | _history(row)
            key = "" if is_short else token
            user, _ = create_user(name=_free_name(row, old), token=key, **fields)
            begin_at(user.pk, _drawn(row))
    except ValidationError as exc:
        names = sorted(exc.detail) if isinstance(exc.detail, dict) else []
        return refused(old, f"unusable: {', '.join(map(str, names))}")
    except InvalidField as exc:
        return refused(old, exc.en)
    context.remember(USER, old, user.pk)
    why = "its key is too short here: it needs a new one" if is_short else ""
    if row.get("role") in ("ADMIN", 1):
        why = f"{why}; no operator here".lstrip("; ")
    return taken(old, why)


def _sent(row: Row) -> dict[str, Any]:
    """Return the members that users here have too; 0 is no limit there either."""
    found = {name: row[name] for name in _MEMBERS if row.get(name) is not None}
    if isinstance(found.get("status"), int):
        found["status"] = "DISABLED" if found["status"] == 1 else "NORMAL"
    email = texts.text_of(row.get("email"), 255).strip()
    return found | {"id": "", "email": email}


def _history(row: Row) -> dict[str, Any]:
    """Return when and from where a user has registered and signed in, if told."""
    registered = row.get("registerTime") or row.get("createTime")
    found = {
        "date_joined": texts.time_of(registered),
        "registered_from": texts.address_of(row.get("registerIp")),
        "last_login": texts.time_of(row.get("lastLoginTime")),
        "last_login_from": texts.address_of(row.get("lastLoginIp")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _drawn(row: Row) -> int:
    """Return how much a user has drawn there: it counts for the limit in total."""
    return texts.number_of(row.get("totalDrawCount"), 0, MOST_DRAWINGS) or 0


def _free_name(row: Row, old: str) -> str:
    """Return a name that nobody has: several users there may have the same."""
    name = texts.text_of(row.get("name"), _LONGEST_NAME).strip()
    email = texts.text_of(row.get("email"), _LONGEST_NAME).strip()
    choices = [name, email, f"{name} {old}"[-_LONGEST_NAME:].strip()]
    free = (each for each in choices if each and not _is_user(each))
    return next(free, old)


def _is_user(name: str) -> bool:
    return User.objects.filter(username=name).exists()
