"""Post an interaction of any kind, and repair stale commands.

Discord refuses a command whose version is not its present one. Then the index is read
again. If it has another version, the command is posted once more under a new nonce. A
body that is refused for another reason stays refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from accounts.models import DiscordAccount
from gateway.discord.command_index import UnknownCommand, find_command
from gateway.discord.index_reader import refresh
from gateway.discord.rest import DiscordHttp
from gateway.protocol.answers import Answer, Verdict
from gateway.protocol.shapes import Interaction, InteractionData
from gateway.sending.post_claim import PostClaim
from gateway.sending.refusals import reached
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Posted:
    """Discord's answer, and the nonce of the last post."""

    answer: Answer
    nonce: str


async def post(
    http: DiscordHttp,
    account: DiscordAccount,
    body: Interaction,
    claim: PostClaim,
) -> Posted | None:
    """Post an interaction; the answer is never STALE.

    Returns None if the claim is lost before a post. Raises an error of `faults.AWAY`
    only if Discord has taken nothing: each look at the database is before a post.
    """
    answer = await post_once(http, account, body, claim)
    if answer is None or answer.verdict is not Verdict.STALE:
        return Posted(answer, claim.nonce) if answer else None
    data = await _newer(http, account, body)
    if data is None:
        return Posted(_refused(answer), claim.nonce)
    if not await claim.rename():
        return None
    fresh: Interaction = {**body, "data": data, "nonce": claim.nonce}
    answer = await post_once(http, account, fresh, claim)
    return Posted(_refused(answer), claim.nonce) if answer else None


async def post_once(
    http: DiscordHttp, account: DiscordAccount, body: Interaction, claim: PostClaim
) -> Answer | None:
    """Post an interaction while its claim holds; return None if it does not.

    The claim is checked with the slot in hand, so nothing is waited for after that.
    """
    async with http.slot:
        if not await claim.holds():
            return None
        answer = await http.post_interaction(body)
    if answer.status:
        reached(account.pk)
    return answer


def _refused(answer: Answer) -> Answer:
    stale = answer.verdict is Verdict.STALE
    return replace(answer, verdict=Verdict.REFUSED) if stale else answer


async def _newer(
    http: DiscordHttp, account: DiscordAccount, body: Interaction
) -> InteractionData | None:
    """Return the data with the command's present version; None if it is the same."""
    data = body["data"]
    if "version" not in data:
        return None  # a button or a window
    fresh = await in_thread(_kept, account.pk, body)
    if fresh is None:
        try:
            await refresh(http, account.pk, account.guild_id)
        except faults.AWAY:
            raise
        except Exception as exc:
            logger.warning("account %s: command index: %r", account.pk, exc)
            return None
        fresh = await in_thread(_kept, account.pk, body)
    return {**data, **fresh} if fresh else None


def _kept(account_id: int, body: Interaction) -> InteractionData | None:
    """Return id and version of the command in the kept index, if they differ."""
    data = body["data"]
    try:
        command = find_command(
            account_id, body["application_id"], data["name"], kind=data["type"]
        )
    except UnknownCommand:
        return None
    found: InteractionData = {"id": command["id"], "version": command["version"]}
    return None if found.items() <= data.items() else found
