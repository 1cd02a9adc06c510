"""Take Discord accounts; they arrive disabled, and those of a known channel stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError as FieldErrors
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.editing.fields import fill, save_filled
from accounts.models import DiscordAccount
from accounts.wire.account import WRITABLE
from accounts.wire.forms import AccountSerializer, said_by_member
from tasks.enums import MoveSource
from tasks.moving import texts
from tasks.moving.context import Context, Row, objects_in
from tasks.moving.report import Line, refused, skipped, taken

TAG: Final = "tag"  # the kind of MovedRow of subjects
MASK: Final = "***"
_MOST_A_DAY: Final = 1_000_000
_DOMAINS: Final = "verticalDomainIds"
_NAMES: Final = frozenset(WRITABLE) - {_DOMAINS, "queueSize"}


def take(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write the accounts of a page."""
    found, lines = objects_in(rows)
    channels = [_channel(row) for row in found]
    accounts = DiscordAccount.objects.filter(channel_id__in=channels)
    here = set(accounts.values_list("channel_id", flat=True))
    for row in found:
        channel = _channel(row)
        if channel in here:
            lines.append(skipped(channel))
            continue
        line = _take(context, channel, row)
        if line.outcome == line.outcome.TAKEN:
            here.add(channel)
        lines.append(line)
    return lines


def _channel(row: Row) -> str:
    return str(row.get("channelId") or "?")[:20]


def _take(context: Context, channel: str, row: Row) -> Line:
    if MASK in str(row.get("userToken")):
        return refused(channel, "its token is masked: the key there is no operator's")
    shown = _READ.get(context.source, dict)(row)
    members = {name: shown[name] for name in _NAMES & shown.keys()}
    sent = {name: value for name, value in members.items() if value is not None}
    sent |= {"enable": False, _DOMAINS: _domains(context, row)}
    form = AccountSerializer(data=sent)
    try:
        form.is_valid(raise_exception=True)
        made_at = texts.time_of(row.get("dateCreated")) or timezone.now()
        account = DiscordAccount(created_at=made_at)
        account.day = timezone.localdate()
        today = texts.number_of(row.get("dayDrawCount"), 0, _MOST_A_DAY)
        account.day_draw_count = today or 0
        with transaction.atomic():
            save_filled(account, fill(account, form.changes()), by=context.by)
    except ValidationError as exc:
        names = sorted(exc.detail) if isinstance(exc.detail, dict) else []
        return refused(channel, f"unusable: {', '.join(map(str, names))}")
    except FieldErrors as exc:
        return refused(channel, said_by_member(exc))
    return taken(channel)


def _domains(context: Context, row: Row) -> list[str]:
    """Return the ids here of the subjects that were moved."""
    named = row.get(_DOMAINS)
    old = [texts.text_of(each, 80) for each in named] if isinstance(named, list) else []
    return [str(pk) for pk in context.known(TAG, old).values()]


def _of_plus(row: Row) -> dict[str, Any]:
    """Return an account of “plus” with the values that it lacks."""
    mine = {
        "sponsor": "by mjplus",
        "maxQueueSize": 100,
        "weight": 1,
        "interval": 1.2,
        "afterIntervalMin": 1.2,
        "afterIntervalMax": 1.2,
        "privateChannelId": row.get("mjBotChannelId"),
    }
    return dict(row) | mine


_READ: Final[Mapping[str, Callable[[Row], dict[str, Any]]]] = {
    MoveSource.PLUS: _of_plus,
}
