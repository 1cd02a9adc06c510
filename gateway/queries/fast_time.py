"""Speeds of an account: react to fast time ending or returning, switch for a task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from accounts.enums import SpeedMode
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import enabled_accounts, ids_of_user, without_secrets
from accounts.state import bot_snapshots
from accounts.state.notes import clear_fast_exhausted, mark_fast_exhausted
from gateway.enums import OVER, QueryKind, QueryState
from gateway.models import AccountQuery
from gateway.queries.ask import ask
from tasks.enums import TIMELESS
from tasks.models import Task
from tasks.prompts.sent_text import sends_prompt, wanted_speed

LEAST_HOURS: Final = 0.2  # below this Midjourney may refuse a drawing
# Time for which a refused speed is not asked for again.
REFUSED: Final = timedelta(minutes=10)


def exhausted(
    account_id: int, reason: str, *, asked_at: datetime | None = None
) -> None:
    """Record that the fast time is used up, and switch to relax mode if enabled."""
    if mark_fast_exhausted(account_id, reason, asked_at=asked_at):
        _tell_bots(account_id, "relax", Q(enable_fast_to_relax=True))


def returned(account_id: int, *, asked_at: datetime | None = None) -> None:
    """Record that there is fast time again, and switch to fast mode if enabled."""
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
    """Switch the bots once, through the first row of the user with the setting."""
    rows = without_secrets(enabled_accounts().filter(wish))
    account = rows.filter(pk__in=ids_of_user(account_id)).order_by("pk").first()
    if account is None:
        return
    wanted = [(bot, QueryKind.COMMAND) for bot in bot_snapshots.bots_of(account)]
    ask(account.pk, wanted, target=mode)


# --- before a task is sent ------------------------------------------------------------


def switch_first(account: DiscordAccount, task: Task) -> bool:
    """Switch the bots to a task's speed; return True if it must wait for that.

    A task with a prompt names its speed in the prompt. If the bots refused the speed in
    the last 10 minutes, the task does not wait: it is drawn at the present speed and
    says so.
    """
    wanted = wanted_speed(account, task)
    if not (account.enable_switch_speed and wanted) or sends_prompt(task):
        return False
    if task.action in TIMELESS:
        return False
    last = _last_command(account.pk)
    if last and last.state not in OVER:
        return True
    if last and last.state == QueryState.FAILED and last.target == wanted.lower():
        if last.created_at > timezone.now() - REFUSED:
            return False
    elif _known_speed(account.pk, task.bot_type, last) == wanted:
        return False
    ask(account.pk, [(task.bot_type, QueryKind.COMMAND)], target=wanted.lower())
    return True


def _last_command(account_id: int) -> AccountQuery | None:
    """Return the newest query that switches the user's speed, or None."""
    rows = AccountQuery.objects.filter(
        account__in=ids_of_user(account_id),
        kind=QueryKind.COMMAND,
        target__in=[mode.lower() for mode in SpeedMode.values],
    )
    return rows.order_by("pk").last()


def _known_speed(account_id: int, bot: str, last: AccountQuery | None) -> str:
    """Return the speed that the account is set to, or "" if unknown."""
    row = BotSnapshot.objects.filter(account=account_id, bot=bot).first()
    read_at = row.info_at if row else None
    if (
        last
        and last.state == QueryState.DONE
        and last.sent_at
        and (read_at is None or read_at < last.sent_at)
    ):
        return last.target.upper()
    # Midjourney says “Fast”, “Relax” or “Relaxed”.
    said = row.job_mode.upper() if row else ""
    return next((mode for mode in SpeedMode.values if said.startswith(mode)), "")
