"""Send the operator's mails in the event loop, so that no job waits for the server."""

from __future__ import annotations

import asyncio

from accounts.mails import server
from accounts.state import mails
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work


async def send_due() -> None:
    """Send all waiting mails as one."""
    await faults.watch(Work("mail", 0, mails.give_up), _send_due)


async def _send_due(_: int) -> None:
    claim = await in_thread(mails.claim_due)
    if claim:
        failure = await asyncio.to_thread(server.send, claim.message)
        await in_thread(mails.settle, claim.name, failure)
