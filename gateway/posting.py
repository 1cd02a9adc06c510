"""Posting an interaction, whatever it is for; a stale command is mended here alone.

Discord refuses a command whose version in the index is not the one it has now. Then the
index is read anew, and the command is posted once more under a new nonce, if another
version was found. Whatever else a body is refused for stays refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import DiscordAccount
from gateway.commands import UnknownCommand, find_command, save_index
from gateway.http import DiscordHttp
from gateway.protocol.answers import Answer, Verdict
from gateway.refusals import reached
from tasks.database import in_thread

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Posted:
    """Discord's answer, and the nonce that the last post bore."""

    answer: Answer
    nonce: str


async def post(
    http: DiscordHttp,
    account: DiscordAccount,
    body: dict[str, Any],
    renew: Callable[[str], str],
) -> Posted | None:
    """Post an interaction; never STALE is left.

    `renew` takes the nonce, commits another one and returns it, or "" where what the
    interaction is for has moved on: then nothing more is posted, and None returned.
    """
    answer = await http.post_interaction(body)
    if answer.status:
        reached(account.pk)
    if answer.verdict is not Verdict.STALE:
        return Posted(answer, body["nonce"])
    data = await _newer(http, account, body)
    if data is None:
        return Posted(_refused(answer), body["nonce"])
    nonce = await in_thread(renew, body["nonce"])
    if not nonce:
        return None
    answer = await http.post_interaction(body | {"data": data, "nonce": nonce})
    return Posted(_refused(answer), nonce)


def _refused(answer: Answer) -> Answer:
    stale = answer.verdict is Verdict.STALE
    return replace(answer, verdict=Verdict.REFUSED) if stale else answer


async def _newer(
    http: DiscordHttp, account: DiscordAccount, body: dict[str, Any]
) -> dict[str, Any] | None:
    """Return a command's data with the version that Discord has now, if it is new."""
    data: dict[str, Any] = body["data"]
    if "version" not in data:
        return None  # a button or a window
    fresh = await in_thread(_kept, account.pk, body)
    if fresh is None:
        try:
            commands = await http.command_index(account.guild_id)
        except Exception as exc:
            logger.warning("account %s: command index: %r", account.pk, exc)
            return None
        await in_thread(save_index, account.pk, commands)
        fresh = await in_thread(_kept, account.pk, body)
    return data | fresh if fresh else None


def _kept(account_id: int, body: dict[str, Any]) -> dict[str, str] | None:
    """Return id and version as the index has them, where they are others."""
    data = body["data"]
    try:
        command = find_command(
            account_id, body["application_id"], data["name"], kind=data["type"]
        )
    except UnknownCommand:
        return None
    found = {key: command[key] for key in ("id", "version")}
    return None if found.items() <= data.items() else found
