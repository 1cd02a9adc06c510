"""Panel of an account's bots on its admin page: its content and its queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accounts.models import BotSnapshot, DiscordAccount
from accounts.state.bot_snapshots import bots_of, snapshots_of
from accounts.wire.bot_members import buttons_of, versions_of
from gateway.enums import OVER
from gateway.models import AccountQuery
from gateway.protocol.notices import readable
from gateway.queries.ask import (
    COMMANDS,
    ask_command,
    ask_press,
    ask_sync,
    ask_version,
)

_LATEST: Final = 5


def sync(account: DiscordAccount) -> None:
    """Have the account's plan and settings read anew."""
    ask_sync(account, by_hand=True)


def ask(account: DiscordAccount, said: Mapping[str, str]) -> None:
    """Ask what a button of the page stands for. Raises AccountsError."""
    bot, value = said.get("bot", ""), said.get("value", "")
    match said.get("what"):
        case "press":
            ask_press(account, bot, value)
        case "version":
            ask_version(account, bot, value)
        case "suffix":
            ask_command(account, bot, "prefer suffix", value)
        case "command":
            ask_command(account, bot, value)
        case _:
            sync(account)


def shown(account: DiscordAccount) -> dict[str, object]:
    """Return the context of `accounts/bots.html`."""
    rows = snapshots_of(account)
    bots = bots_of(account)
    shown = [
        rows.get(bot) or BotSnapshot(account=account, bot=bot) for bot in reversed(bots)
    ]
    queries = AccountQuery.objects.filter(account=account).order_by("-pk")
    return {
        "bots": [
            {
                "row": row,
                "buttons": buttons_of(row),
                "versions": versions_of(row),
                "lines": [(k, readable(str(v))) for k, v in row.properties.items()],
            }
            for row in shown
        ],
        "queries": queries[:_LATEST],
        "is_asking": queries.exclude(state__in=OVER).exists(),
        "commands": [name for name, takes in COMMANDS.items() if not takes],
    }
