"""What follows when an account's fast time ends, or is there again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q

from accounts import snapshots
from accounts.selectors import enabled_accounts, ids_of_user, without_secrets
from accounts.services import clear_fast_exhausted, mark_fast_exhausted
from gateway.asking import ask
from gateway.enums import QueryKind

LEAST_HOURS: Final = 0.2  # with less a drawing may be refused


def exhausted(
    account_id: int, reason: str, *, asked_at: datetime | None = None
) -> None:
    """Note that the fast time is used up; draw in relax mode where that is wished."""
    if mark_fast_exhausted(account_id, reason, asked_at=asked_at):
        _tell_bots(account_id, "relax", Q(enable_fast_to_relax=True))


def returned(account_id: int, *, asked_at: datetime | None = None) -> None:
    """Note that there is fast time; draw in fast mode again where that is wished."""
    if clear_fast_exhausted(account_id, asked_at=asked_at):
        _tell_bots(account_id, "fast", Q(enable_relax_to_fast=True))


def note_hours(
    account_id: int, hours: float, *, asked_at: datetime | None = None
) -> None:
    if hours <= LEAST_HOURS:
        text = "账号用量已经用完 / the fast time is used up"
        exhausted(account_id, f"{text}: {hours:g} h", asked_at=asked_at)
    else:
        returned(account_id, asked_at=asked_at)


def _tell_bots(account_id: int, mode: str, wish: Q) -> None:
    """Tell the bots once, through the first row of the user that wishes it."""
    rows = without_secrets(enabled_accounts().filter(wish))
    account = rows.filter(pk__in=ids_of_user(account_id)).order_by("pk").first()
    if account is None:
        return
    wanted = [(bot, QueryKind.COMMAND) for bot in snapshots.bots_of(account)]
    ask(account.pk, wanted, target=mode)
