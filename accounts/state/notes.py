"""Store facts about an account that the bots have reported."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.enums import SpeedMode
from accounts.models import DiscordAccount
from accounts.selectors import ids_of_user
from accounts.state.moves import send_account_changed
from mjproxy.lib.db.deadlocks import again_after_deadlock

logger = logging.getLogger(__name__)


@again_after_deadlock
@transaction.atomic
def mark_fast_exhausted(
    account_id: int, reason: str, *, asked_at: datetime | None = None
) -> bool:
    """Mark the user's fast time as used up; tell whether it changed."""
    changed = _set_exhausted(account_id, is_exhausted=True, asked_at=asked_at)
    if changed:
        logger.error("account %s, a person must act: %s", account_id, reason)
    return changed


@again_after_deadlock
@transaction.atomic
def clear_fast_exhausted(account_id: int, *, asked_at: datetime | None = None) -> bool:
    """Mark the user as having fast time again; tell whether it changed."""
    changed = _set_exhausted(account_id, is_exhausted=False, asked_at=asked_at)
    if changed:
        logger.info("account %s has fast time again", account_id)
    return changed


def _set_exhausted(
    account_id: int, *, is_exhausted: bool, asked_at: datetime | None
) -> bool:
    """Set it on all rows of the Discord user, unless a person has acted since."""
    rows = _unedited(account_id, asked_at).filter(fast_exhausted=not is_exhausted)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    for pk in found:
        DiscordAccount.objects.filter(pk=pk).update(fast_exhausted=is_exhausted)
        _allow(pk, [SpeedMode.RELAX] if is_exhausted else [])
        send_account_changed(pk)
    return bool(found)


def _unedited(
    account_id: int, asked_at: datetime | None = None
) -> QuerySet[DiscordAccount]:
    """Return the rows of the user, unless their operator has acted since `asked_at`."""
    rows = DiscordAccount.objects.filter(pk__in=ids_of_user(account_id))
    if asked_at is None:
        return rows
    return rows.filter(Q(acted_at=None) | Q(acted_at__lte=asked_at))


def _allow(account_id: int, modes: list[SpeedMode]) -> None:
    """Allow only these speeds, or all, if `enable_auto_set_relax` is set."""
    rows = DiscordAccount.objects.filter(pk=account_id, enable_auto_set_relax=True)
    rows.update(allow_modes=modes)


def note_notice(account_id: int, message_id: str) -> bool:
    """Tell whether a notice is newer than all applied ones, and store its id.

    Message ids only grow. A notice in the direct messages reaches each row of a Discord
    user; it counts once.
    """
    number = int(message_id) if message_id.isdecimal() else 0
    if not 0 < number < 2**63:
        return False
    older = DiscordAccount.objects.filter(notice_id__lt=number)
    if not older.filter(pk=account_id).update(notice_id=number):
        return False
    older.filter(pk__in=ids_of_user(account_id)).update(notice_id=number)
    return True


def note_private_channel(account_id: int, field: str, channel_id: str) -> None:
    """Store the channel of a bot's direct messages, if none is known."""
    rows = DiscordAccount.objects.filter(pk=account_id, **{field: ""})
    rows.update(**{field: channel_id})


def note_remix(
    account_id: int, *, niji: bool, on: bool, asked_at: datetime | None = None
) -> None:
    """Store whether remix mode is on at a bot, as Midjourney has just shown."""
    name = "niji_remix_on" if niji else "mj_remix_on"
    rows = _unedited(account_id, asked_at).exclude(**{name: on})
    if rows.update(**{name: on}):
        logger.info("account %s: %s is %s", account_id, name, on)
