"""Write rows for questions to the bots; `gateway.sending.queries` sends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from accounts.enums import AccountState, BotType
from accounts.exceptions import InvalidField
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import enabled_accounts, without_secrets
from accounts.state import bot_snapshots
from gateway.enums import OVER, QueryKind, QueryState
from gateway.models import AccountQuery, GatewaySettings
from gateway.nudges import enqueue_query
from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.validators.number_limits import span_of

HOURLY: Final = 5  # automatic readings of one account
BATCH: Final = 100
READING_AT_ONCE: Final = 15  # accounts in automatic readings
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


@again_after_deadlock
@in_record
@transaction.atomic
def ask(
    account_id: int,
    wanted: Sequence[tuple[str, QueryKind]],
    *,
    target: str = "",
    value: str = "",
    by_hand: bool = False,
) -> list[AccountQuery]:
    """Write queries, each for a bot and a kind; skip those that already wait."""
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
            created_at=now,  # the same moment, as they are one reading
        )
        written.append(query)
        note(
            "ask the bot",
            (DiscordAccount, account_id),
            bot=bot,
            question=kind,
            target=target,
            value=value,
        )
        bot_snapshots.note(account_id, bot, asked_at=now)
    transaction.on_commit(partial(enqueue_query, account_id))
    return written


def ask_sync(account: DiscordAccount, *, by_hand: bool) -> list[AccountQuery]:
    """Write queries for /info and /settings of the account's bots.

    Returns [] if five readings were made in the last hour; `by_hand` has no limit.
    """
    bots = bot_snapshots.bots_of(account)
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
    """Write a query that presses a button of a bot's settings.

    Raises InvalidField.
    """
    if not (0 < len(custom_id) <= 100 and custom_id.isprintable()):
        raise InvalidField(
            "参数错误: customId", "customId does not belong to a button of the panel"
        )
    wanted = [(_bot(bot), QueryKind.PRESS)]
    return ask(account.pk, wanted, target=custom_id, by_hand=True)


def ask_version(account: DiscordAccount, bot: str, version: str) -> list[AccountQuery]:
    """Write a query that chooses a version in a bot's settings.

    Raises InvalidField.
    """
    if not (0 < len(version) <= 100 and version.isprintable()):
        raise InvalidField("参数错误: version", "version is not one of the selector's")
    wanted = [(_bot(bot), QueryKind.SELECT)]
    return ask(account.pk, wanted, value=version, by_hand=True)


def ask_command(
    account: DiscordAccount, bot: str, name: str, value: str = ""
) -> list[AccountQuery]:
    """Write a query that runs one of `COMMANDS` at a bot. Raises InvalidField."""
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
        raise InvalidField("参数错误: botType", "botType is not a bot of this account")
    return name


# --- automatic readings --------------------------------------------------------------


def sync_if_due(account_id: int) -> None:
    """Read an account's plan and settings, if that was never done or long ago.

    If many accounts are being read, it is left to `sync_due`. So a thousand accounts
    that connect at once do not ask all their bots at once.
    """
    period = _period()
    if not period or not _is_due(account_id, _asked_at(account_id), period):
        return
    rows = without_secrets(DiscordAccount.objects.filter(pk=account_id))
    if _room() > 0 and (account := rows.first()):
        ask_sync(account, by_hand=False)


def sync_due() -> None:
    """Read the connected accounts whose last reading is too old, a few at a time."""
    period, room = _period(), _room()
    if not period or room <= 0:
        return
    young = BotSnapshot.objects.filter(asked_at__gt=timezone.now() - period * 0.9)
    ready = without_secrets(enabled_accounts()).filter(state=AccountState.READY)
    old = ready.filter(session__is_live=True).exclude(snapshots__in=young)
    asked = old.annotate(asked_at=Max("snapshots__asked_at"))
    for account in asked.order_by(F("asked_at").asc(nulls_first=True), "pk")[:BATCH]:
        if room > 0 and _is_due(account.pk, account.asked_at, period):
            room -= bool(ask_sync(account, by_hand=False))


def _period() -> timedelta:
    return span_of(GatewaySettings.get_solo().sync_minutes)


def _room() -> int:
    """Return how many more accounts may be read now."""
    going_on = AccountQuery.objects.filter(by_hand=False).exclude(state__in=OVER)
    return READING_AT_ONCE - going_on.values("account").distinct().count()


def _asked_at(account_id: int) -> datetime | None:
    rows = BotSnapshot.objects.filter(account_id=account_id)
    found: datetime | None = rows.aggregate(last=Max("asked_at"))["last"]
    return found


def _is_due(account_id: int, asked: datetime | None, period: timedelta) -> bool:
    """Return whether the account's own period is over.

    It is 90 to 109 % of `period`, so that accounts which connected together are not
    read together.
    """
    share = 0.9 + account_id * 37 % 20 / 100
    return asked is None or asked < timezone.now() - period * share


def forget_old() -> None:
    """Delete queries that are more than a day old."""
    day_ago = timezone.now() - timedelta(days=1)
    AccountQuery.objects.filter(created_at__lt=day_ago).delete()
