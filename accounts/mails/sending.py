"""Send mails to people in the event loop, so that no job waits for the server."""

from __future__ import annotations

import asyncio
from typing import Final

from accounts.mails import people, server
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work

AT_ONCE: Final = 4  # threads of a worker that talk to the mail server

# Those that this process sends, or that wait here for a thread.
_under_way: Final[set[int]] = set()
_threads = asyncio.Semaphore(AT_ONCE)


async def send_due() -> None:
    """Send the mails that wait for another try, and those whose nudge was lost."""
    await asyncio.gather(*(send_one(pk) for pk in await in_thread(people.due)))


async def send_one(pk: int) -> None:
    """Send a mail, if it is due."""
    if pk in _under_way:
        return
    _under_way.add(pk)
    try:
        await faults.watch(Work("mail to a person", pk, people.give_up), _send)
    finally:
        _under_way.discard(pk)


async def _send(pk: int) -> None:
    async with _threads:
        claim = await in_thread(people.claim, pk)
        if claim:
            failure = await asyncio.to_thread(server.send, claim.message)
            await in_thread(people.settle, claim.name, failure)
