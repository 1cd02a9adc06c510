"""Write all that is stored about a user as one JSON document, part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from accounts.credits.statement import bookings_of
from accounts.models import (
    ApiKey,
    Invitation,
    KeyMeter,
    Meter,
    Payment,
    User,
)
from tasks.models import Task
from tasks.pictures.kept import brought
from tasks.selectors import shown_tasks
from tasks.webhooks.own import MAX_ID, calls_of
from tasks.wire import tasks_json

ROWS: Final = 200  # of one query

_USER: Final = (
    "username",
    "email",
    "is_staff",
    "date_joined",
    "last_login",
    "last_login_from",
    "registered_from",
    "valid_from",
    "valid_until",
)
_KEY: Final = (
    "name",
    "prefix",
    "is_active",
    "scopes",
    "expires_at",
    "allowed_addresses",
    "drawings_a_day",
    "drawings_in_total",
    "created_at",
    "last_used_at",
)
_LIMITS: Final = (
    *("priority", "drawings_a_day", "drawings_a_month", "drawings_in_total"),
    *("running_at_once", "waiting_at_once", "speeds", "bots", "may_swap_faces"),
)
_COUNTS: Final = ("day", "of_day", "month", "of_month", "in_total")
_INVITATION: Final = ("prefix", "note", "uses_left", "expires_at", "created_at")
_BOOKING: Final = ("at", "kind", "amount", "task", "note")
_PAYMENT: Final = (
    "way",
    "reference",
    "package",
    "credits",
    "amount",
    "currency",
    "opened_at",
    "paid_at",
    "refunded",
)
_BROUGHT: Final = ("task_id", "role", "position", "content_type", "width", "height")
_CALL: Final = (
    "task_id",
    "revision",
    "status",
    "url",
    "state",
    "attempts",
    "created_at",
    "delivered_at",
    "response_status",
    "error",
)


def own_data(user: User, base: str) -> Iterator[bytes]:
    """Yield the document: a few rows with each part, so that none is large.

    Secrets are left out. `base` is the origin of picture links.
    """
    rows = User.objects.select_related("group", "invitation")
    person = rows.defer("password", "webhook_secret").get(pk=user.pk)
    yield b'{"user":' + orjson.dumps(_values(person, _USER))
    yield b',"limits":' + orjson.dumps(_limits(person))
    yield b',"drawn":' + orjson.dumps(_meters(user))
    yield b',"invitations":' + orjson.dumps(_invitations(person))
    keys = ApiKey.objects.filter(owner=user.pk).order_by("pk")
    yield b',"keys":' + orjson.dumps([_values(key, _KEY) for key in keys])
    yield b',"bookings":['
    yield from _joined(_bookings(user))
    yield b'],"payments":' + orjson.dumps(_payments(user))
    yield b',"tasks":['
    yield from _joined(_tasks(user, base))
    yield b'],"broughtPictures":['
    yield from _joined(_brought(user, base))
    yield b'],"webhookCalls":['
    yield from _joined(_calls(user))
    yield b"]}\n"


def _values(row: Any, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


def _limits(person: User) -> dict[str, object]:
    """Return the user's own limits, and those of the group where these are empty."""
    group = person.group
    found: dict[str, object] = _values(person, _LIMITS)
    of_group = {"name": group.name, **_values(group, _LIMITS)} if group else None
    return found | {"group": of_group}


def _meters(user: User) -> dict[str, object]:
    own = Meter.objects.filter(user=user.pk).first()
    keys = KeyMeter.objects.filter(key__owner=user.pk).select_related("key")
    return {
        "user": _values(own, (*_COUNTS, "balance")) if own else None,
        "keys": [
            {"prefix": row.key.prefix, **_values(row, _COUNTS)}
            for row in keys.order_by("pk")
        ],
    }


def _invitations(person: User) -> dict[str, object]:
    """Return the invitation of the user, and those that they made as an operator."""
    used = person.invitation
    made = Invitation.objects.filter(made_by=person.username).order_by("pk")
    return {
        "used": _values(used, ("prefix", "created_at")) if used else None,
        "made": [_values(row, _INVITATION) for row in made],
    }


def _bookings(user: User) -> Iterator[list[Any]]:
    last = MAX_ID
    while rows := list(bookings_of(user.pk, before=last)[:ROWS]):
        yield [_values(row, _BOOKING) for row in rows]
        last = rows[-1].pk


def _payments(user: User) -> list[dict[str, object]]:
    rows = Payment.objects.filter(user=user.pk).order_by("pk")
    return [_values(row, _PAYMENT) for row in rows]


def _tasks(user: User, base: str) -> Iterator[list[Any]]:
    last = MAX_ID
    while rows := _older(user, last):
        yield tasks_json(rows, base)
        last = rows[-1].pk


def _older(user: User, before: int) -> list[Task]:
    rows = shown_tasks().filter(owner=user.pk, pk__lt=before)
    return list(rows.order_by("-pk")[:ROWS])


def _brought(user: User, base: str) -> Iterator[list[Any]]:
    """Yield the brought pictures that are kept, with links for their owner alone."""
    last = MAX_ID
    while rows := list(brought.of_user(user.pk).filter(pk__lt=last)[:ROWS]):
        yield [
            _values(row, _BROUGHT) | {"url": brought.link(row, base)} for row in rows
        ]
        last = rows[-1].pk


def _calls(user: User) -> Iterator[list[Any]]:
    last = MAX_ID
    while rows := list(calls_of(user, before=last)[:ROWS]):
        yield [_values(row, _CALL) for row in rows]
        last = rows[-1].pk


def _joined(parts: Iterable[list[Any]]) -> Iterator[bytes]:
    """Yield the items of lists, with commas between them."""
    comma = b""
    for rows in parts:
        yield comma + orjson.dumps(rows, default=str)[1:-1]
        comma = b","
