"""What is to be asked of the bots, written as rows; `gateway.querying` sends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import snapshots
from accounts.enums import AccountState, BotType
from accounts.exceptions import InvalidField
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import enabled_accounts, without_secrets
from gateway.enums import QueryKind, QueryState
from gateway.hints import enqueue_query
from gateway.models import AccountQuery, GatewaySettings

HOURLY: Final = 5  # readings of an account that nobody asked for
BATCH: Final = 100
# A bot's commands that change how an account draws, and whether they take a value.
COMMANDS: Final = {
    "fast": False,
    "relax": False,
    "turbo": False,
    "stealth": False,
    "public": False,
    "prefer remix": False,
    "prefer variability": False,
    "prefer auto_dm": False,
    "prefer suffix": True,
}


@transaction.atomic
def ask(
    account_id: int,
    wanted: Sequence[tuple[str, QueryKind]],
    *,
    target: str = "",
    value: str = "",
    by_hand: bool = False,
) -> list[AccountQuery]:
    """Write queries, each a bot and a kind; what already waits is not doubled."""
    now = timezone.now()
    waiting = AccountQuery.objects.filter(
        account_id=account_id, state=QueryState.WAITING, target=target, value=value
    )
    known = set(waiting.values_list("bot", "kind", "by_hand"))
    written = []
    for bot, kind in wanted:
        if (bot, kind, True) in known or (bot, kind, by_hand) in known:
            continue
        query = AccountQuery.objects.create(
            account_id=account_id,
            bot=bot,
            kind=kind,
            target=target,
            value=value,
            by_hand=by_hand,
            created_at=now,  # one moment for all: they are one reading
        )
        written.append(query)
        snapshots.note(account_id, bot, asked_at=now)
    transaction.on_commit(partial(enqueue_query, account_id))
    return written


def ask_sync(account: DiscordAccount, *, by_hand: bool) -> list[AccountQuery]:
    """Have /info and /settings of the account's bots read; [] where that is too often.

    By hand it is never too often.
    """
    bots = snapshots.bots_of(account)
    if not by_hand and _readings(account.pk).count() >= HOURLY:
        return []
    wanted = [(bot, QueryKind.INFO) for bot in bots]
    wanted += [(bot, QueryKind.SETTINGS) for bot in bots]
    return ask(account.pk, wanted, by_hand=by_hand)


def _readings(account_id: int) -> QuerySet[AccountQuery, tuple[object]]:
    rows = AccountQuery.objects.filter(
        account_id=account_id,
        kind=QueryKind.INFO,
        by_hand=False,
        created_at__gt=timezone.now() - timedelta(hours=1),
    )
    return rows.values_list("created_at").distinct()


def ask_press(account: DiscordAccount, bot: str, custom_id: str) -> list[AccountQuery]:
    """Have a button of a bot's settings pressed. Raises InvalidField."""
    if not (0 < len(custom_id) <= 100 and custom_id.isprintable()):
        raise InvalidField("参数错误: customId", "customId is not that of a button")
    wanted = [(_bot(bot), QueryKind.PRESS)]
    return ask(account.pk, wanted, target=custom_id, by_hand=True)


def ask_version(account: DiscordAccount, bot: str, version: str) -> list[AccountQuery]:
    """Have a version chosen in a bot's settings. Raises InvalidField."""
    if not (0 < len(version) <= 100 and version.isprintable()):
        raise InvalidField("参数错误: version", "version is not one of the selector's")
    wanted = [(_bot(bot), QueryKind.SELECT)]
    return ask(account.pk, wanted, value=version, by_hand=True)


def ask_command(
    account: DiscordAccount, bot: str, name: str, value: str = ""
) -> list[AccountQuery]:
    """Have one of `COMMANDS` run at a bot. Raises InvalidField."""
    if name not in COMMANDS:
        raise InvalidField(
            "参数错误: command", f"command is not one of {', '.join(COMMANDS)}"
        )
    if value and not COMMANDS[name]:
        raise InvalidField("参数错误: value", f"/{name} takes no value")
    if len(value) > 1000 or "\x00" in value:
        raise InvalidField("参数错误: value", "value is too long")
    wanted = [(_bot(bot), QueryKind.COMMAND)]
    return ask(account.pk, wanted, target=name, value=value.strip(), by_hand=True)


def _bot(name: str) -> str:
    if name not in (BotType.MID_JOURNEY, BotType.NIJI_JOURNEY):
        raise InvalidField("参数错误: botType", "botType is not that of a bot here")
    return name


# --- by themselves -------------------------------------------------------------------


def sync_if_due(account_id: int) -> None:
    """Have an account read that was never read, or too long ago."""
    if period := _period():
        rows = without_secrets(DiscordAccount.objects.filter(pk=account_id))
        if (account := rows.first()) and _is_due(account, period):
            ask_sync(account, by_hand=False)


def sync_due() -> None:
    """Have the connected accounts read whose time has come."""
    period = _period()
    if not period:
        return
    young = BotSnapshot.objects.filter(asked_at__gt=timezone.now() - period * 0.9)
    ready = without_secrets(enabled_accounts()).filter(state=AccountState.READY)
    old = ready.filter(session__is_live=True).exclude(snapshots__in=young)
    for account in old.prefetch_related("snapshots")[:BATCH]:
        if _is_due(account, period):
            ask_sync(account, by_hand=False)


def _period() -> timedelta:
    return timedelta(minutes=GatewaySettings.get_solo().sync_minutes)


def _is_due(account: DiscordAccount, period: timedelta) -> bool:
    """Tell whether the account's own share of the period is over.

    Each has another, so that accounts which came up together are not read together.
    """
    asked = max(
        (row.asked_at for row in account.snapshots.all() if row.asked_at), default=None
    )
    share = 0.9 + account.pk * 37 % 20 / 100
    return asked is None or asked < timezone.now() - period * share


def forget_old() -> None:
    """Delete the queries that are over since a day."""
    day_ago = timezone.now() - timedelta(days=1)
    AccountQuery.objects.filter(created_at__lt=day_ago).delete()
