"""The operator's mails on their way: no job waits for the mail server."""

from __future__ import annotations

import asyncio

from accounts import mails
from tasks.database import in_thread


async def send_due() -> None:
    """Send what waits, as one mail."""
    claim = await in_thread(mails.claim_due)
    if claim:
        error = await asyncio.to_thread(mails.send, claim.message)
        await in_thread(mails.settle, claim.name, error)
