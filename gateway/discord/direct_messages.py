"""Find or open the DM channels of an account with the two bots."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException

from accounts.enums import BotType
from accounts.models import DiscordAccount
from accounts.selectors import without_secrets
from accounts.state import bot_snapshots
from accounts.state.notes import note_private_channel
from gateway.discord.rest import DiscordHttp
from gateway.protocol import private_channels
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from mjproxy.lib.db.threads import in_thread

logger = logging.getLogger(__name__)

_FIELDS: Final = {
    MIDJOURNEY_APP: "private_channel_id",
    NIJI_APP: "niji_bot_channel_id",
}
_APPS: Final = {
    BotType.MID_JOURNEY: MIDJOURNEY_APP,
    BotType.NIJI_JOURNEY: NIJI_APP,
}


def found_in(account_id: int, ready: Mapping[str, object]) -> None:
    """Store the DM channels in READY, for bots without a stored one."""
    for app, channel_id in private_channels.of_bots(ready).items():
        note_private_channel(account_id, _FIELDS[app], channel_id)


async def open_missing(http: DiscordHttp, account_id: int) -> None:
    """Open the DM channels with the account's bots that are not stored."""
    rows = without_secrets(DiscordAccount.objects.filter(pk=account_id))
    account = await in_thread(rows.first)
    if account is None:
        return
    for bot in bot_snapshots.bots_of(account):
        try:
            await channel_with(http, account, _APPS[bot])
        except (DiscordException, RequestException, OSError) as exc:
            logger.warning(
                "account %s: cannot open the direct message channels: %r",
                account_id,
                exc,
            )


async def channel_with(http: DiscordHttp, account: DiscordAccount, app: str) -> str:
    """Return the id of the DM channel with a bot; open it if it is not stored.

    Raises DiscordException, RequestException, OSError.
    """
    if known := getattr(account, _FIELDS[app]):
        return str(known)
    opened = await http.open_dm(app)
    await in_thread(note_private_channel, account.pk, _FIELDS[app], opened)
    return opened
