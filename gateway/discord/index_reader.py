"""Read the command index of an account's server."""

from __future__ import annotations

import asyncio
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException, HTTPException

from accounts.enums import AccountState
from accounts.state.changes import trouble
from gateway.discord.command_index import has_index, save_index
from gateway.discord.rest import DiscordHttp
from mjproxy.lib.db.threads import in_thread

# No answer, a long rate limit, or an answer that is not Discord's.
_MISSED: Final = (
    DiscordException,
    RequestException,
    OSError,
    LookupError,
    TypeError,
    ValueError,
)
PATIENCE: Final = 15.0  # seconds, including the library's retries


async def refresh(http: DiscordHttp, account_id: int, guild_id: str) -> None:
    """Read the commands of a server anew and keep them. Raises what the read raises."""
    async with asyncio.timeout(PATIENCE):
        commands = await http.command_index(guild_id)
    await in_thread(save_index, account_id, commands)


async def read_index(http: DiscordHttp) -> str:
    """Read the commands again and save them; return the error, or "".

    An account that is not in the server is paused.
    """
    account_id, guild_id = http.identity.account_id, http.identity.guild_id
    try:
        await refresh(http, account_id, guild_id)
    except HTTPException as exc:
        if exc.status in (403, 404):
            reason = f"Discord shows no commands in this server ({exc.status})"
            await in_thread(trouble, account_id, AccountState.PAUSED, reason)
            return ""
        return _unread(str(exc.status))
    except _MISSED as exc:
        return _unread(type(exc).__name__)
    return ""


async def is_known(account_id: int) -> bool:
    """Return whether commands of the account are saved, new or old."""
    return await in_thread(has_index, account_id)


def _unread(why: str) -> str:
    return f"Discord's list of commands cannot be read ({why})"
