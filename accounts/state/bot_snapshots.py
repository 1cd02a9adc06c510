"""What the bots told of an account: written here, shown by the admin and the API."""

from __future__ import annotations

from typing import Any

from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import ids_of_user
from accounts.state.same_user import OF_ROW


def note(account_id: int, bot: str, **facts: Any) -> None:
    """Write what is known of an account at one bot; what is not named stays.

    It is known of the Discord user: all of its rows show it. The panel itself can be
    pressed in the session alone that has asked for it.
    """
    of_user = {name: facts[name] for name in facts if name not in OF_ROW}
    if "components" in of_user:
        of_user |= {"message_id": "", "session_id": ""}
    for pk in ids_of_user(account_id) if of_user else [account_id]:
        told = facts if pk == account_id else of_user
        BotSnapshot.objects.update_or_create(account_id=pk, bot=bot, defaults=told)


def forget_panel(account_id: int, bot: str) -> None:
    """Note that the settings panel cannot be used any more; what it showed stays."""
    note(account_id, bot, session_id="", message_id="")


def snapshots_of(account: DiscordAccount) -> dict[str, BotSnapshot]:
    """Return an account's snapshots by bot."""
    return {row.bot: row for row in account.snapshots.all()}


def bots_of(account: DiscordAccount) -> list[BotType]:
    """Return the bots that an account draws with, in the order of asking."""
    niji = [BotType.NIJI_JOURNEY] if account.enable_niji else []
    return [*niji, BotType.MID_JOURNEY] if account.enable_mj else niji
