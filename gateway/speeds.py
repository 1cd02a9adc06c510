"""What follows when an account's fast time ends, or is there again."""

from __future__ import annotations

from typing import Final

from accounts import snapshots
from accounts.models import DiscordAccount
from accounts.selectors import without_secrets
from accounts.services import clear_fast_exhausted, mark_fast_exhausted
from gateway.asking import ask
from gateway.enums import QueryKind

LEAST_HOURS: Final = 0.2  # with less a drawing may be refused


def exhausted(account_id: int, reason: str) -> None:
    """Note that the fast time is used up; draw in relax mode where that is wished."""
    if mark_fast_exhausted(account_id, reason):
        account = without_secrets(DiscordAccount.objects.all()).get(pk=account_id)
        if account.enable_fast_to_relax:
            _tell_bots(account, "relax")


def returned(account_id: int) -> None:
    """Note that there is fast time; draw in fast mode again where that is wished."""
    if clear_fast_exhausted(account_id):
        account = without_secrets(DiscordAccount.objects.all()).get(pk=account_id)
        if account.enable_relax_to_fast:
            _tell_bots(account, "fast")


def note_hours(account_id: int, hours: float) -> None:
    if hours <= LEAST_HOURS:
        text = "账号用量已经用完 / the fast time is used up"
        exhausted(account_id, f"{text}: {hours:g} h")
    else:
        returned(account_id)


def _tell_bots(account: DiscordAccount, mode: str) -> None:
    wanted = [(bot, QueryKind.COMMAND) for bot in snapshots.bots_of(account)]
    ask(account.pk, wanted, target=mode)
