"""Identify at Discord's pace, and interpret refusals by REST and socket."""

from __future__ import annotations

import asyncio
from typing import Final

from accounts.enums import AccountState
from gateway.protocol.constants import FATAL_CLOSE_CODES, CloseCode
from gateway.sockets.reconnect import Fatal

NONE: Final = "Discord's gateway does not greet, or ends the connection before"

IDENTIFY_PACE: Final = 5.5  # seconds; Discord asks for 5 between two of one token
# Loop time at which each token may identify again. Rows of one user share a token.
_next_identify: dict[str, float] = {}


async def keep_pace(token_digest: str) -> None:
    """Wait until the token may identify again: 5.5 s after its last time."""
    now = asyncio.get_running_loop().time()
    moment = max(now, _next_identify.get(token_digest, now))
    _next_identify[token_digest] = moment + IDENTIFY_PACE
    await asyncio.sleep(moment - now)


def refuse_close(code: int | None) -> None:
    """Raise Fatal for a close code after which a new connection cannot help."""
    if code in FATAL_CLOSE_CODES:
        dead = code == CloseCode.AUTHENTICATION_FAILED
        state = AccountState.INVALID_TOKEN if dead else AccountState.PAUSED
        raise Fatal(state, f"Discord closed the gateway with {code}")


def reason_of_status(status: int) -> str:
    """Return the reason behind a refused connection.

    `status` is the HTTP status. Raises Fatal for a dead token.
    """
    if status == 401:
        raise Fatal(AccountState.INVALID_TOKEN, "Discord refuses the token (401)")
    if status == 407:
        return "The proxy refuses the name or the password (407)"
    return f"Discord answers {status}"
