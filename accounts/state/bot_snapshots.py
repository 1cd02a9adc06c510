"""Write and read the reports of the bots about an account."""

from __future__ import annotations

from typing import Any

from accounts.enums import BotType
from accounts.models import BotSnapshot, DiscordAccount
from accounts.selectors import ids_of_user
from accounts.state.same_user import OF_ROW


def note(account_id: int, bot: str, **facts: Any) -> None:
    """Write facts about an account at one bot; fields not named keep their value.

    The facts belong to the Discord user, so all rows of the user show them. Only the
    session that asked for the settings panel can press its buttons: the other rows get
    the facts without the panel's message.
    """
    of_user = {name: facts[name] for name in facts if name not in OF_ROW}
    if "components" in of_user:
        of_user |= {"message_id": "", "session_id": ""}
    for pk in ids_of_user(account_id) if of_user else [account_id]:
        told = facts if pk == account_id else of_user
        BotSnapshot.objects.update_or_create(account_id=pk, bot=bot, defaults=told)


def forget_panel(account_id: int, bot: str) -> None:
    """Mark the settings panel as unusable; the settings it showed stay."""
    note(account_id, bot, session_id="", message_id="")


def snapshots_of(account: DiscordAccount) -> dict[str, BotSnapshot]:
    """Return an account's snapshots by bot."""
    return {row.bot: row for row in account.snapshots.all()}


def bots_of(account: DiscordAccount) -> list[BotType]:
    """Return the bots that an account draws with, in the order of asking."""
    niji = [BotType.NIJI_JOURNEY] if account.enable_niji else []
    return [*niji, BotType.MID_JOURNEY] if account.enable_mj else niji
