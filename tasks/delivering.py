"""The calls of hooks themselves, in the bridge's loop; `webhooks` keeps the rows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import aiohttp
from standardwebhooks import Webhook

from tasks import faults, webhooks
from tasks.database import in_thread
from tasks.fetcher import (
    Unfetchable,
    check_url,
    close_at_exit,
    open_session,
    read_capped,
    reason_of,
)
from tasks.webhooks import Call, Outcome

UNSIGNED: Final = "the signing secret fits no encryption key: make a new one"
TIMEOUT: Final = 10.0  # seconds for a whole call
AT_ONCE: Final = 64
AT_ONCE_PER_HOST: Final = 4
MAX_ANSWER: Final = 64 << 10
ANSWER_PATIENCE: Final = 2.0  # seconds for a body that nobody will look at


class Deliverer:
    """Makes the calls of one process. Lives in one event loop."""

    def __init__(self) -> None:
        self._session = open_session(limit=AT_ONCE)
        close_at_exit(self._session)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self._busy: dict[int, bool] = {}

    async def aclose(self) -> None:
        await self._session.close()

    async def deliver(self, task_id: int, url: str) -> None:
        """Make the calls of a task that are due, one after the other.

        Asked again meanwhile, it looks once more when it is through.
        """
        if task_id in self._busy:
            self._busy[task_id] = True
            return
        self._busy[task_id] = True
        try:
            while self._busy[task_id]:
                self._busy[task_id] = False
                async with self._slot(url):
                    await faults.watch(webhooks.work(task_id), self._deliver)
        finally:
            del self._busy[task_id]

    async def _deliver(self, task_id: int) -> None:
        # Claimed with the slot in hand: waiting for it must not use up the claim.
        while call := await in_thread(webhooks.claim_next, task_id):
            outcome = await self._post(call)
            await in_thread(webhooks.settle, call, outcome)

    async def _post(self, call: Call) -> Outcome:
        if not call.secret:
            return Outcome(error=UNSIGNED)  # never without a signature
        try:
            url = check_url(call.url)
            headers = _headers(call)
            async with (
                asyncio.timeout(TIMEOUT),
                self._session.post(
                    url, data=call.body, headers=headers, allow_redirects=False
                ) as response,
            ):
                await _drain(response)
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as exc:
            return Outcome(error=reason_of(exc))
        except Unfetchable as exc:
            return Outcome(error=exc.en, hopeless=exc.permanent)
        outcome = Outcome(status=status, hopeless=status == webhooks.GONE)
        if outcome.delivered:
            return outcome
        return Outcome(status, f"HTTP {status}", hopeless=outcome.hopeless)

    @contextlib.asynccontextmanager
    async def _slot(self, url: str) -> AsyncIterator[None]:
        """Wait for room at the host first, so that a slow one holds up no other."""
        host = _host(url)
        slots, users = self._hosts.get(host, (asyncio.Semaphore(AT_ONCE_PER_HOST), 0))
        self._hosts[host] = slots, users + 1
        try:
            async with slots, self._slots:
                yield
        finally:
            slots, users = self._hosts[host]
            if users > 1:
                self._hosts[host] = slots, users - 1
            else:
                del self._hosts[host]


def _headers(call: Call) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(call.secret).sign(call.message_id, now, call.body.decode())
    return {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Take in a short answer; the status has said all, so nothing here can fail."""
    with contextlib.suppress(
        TimeoutError, aiohttp.ClientError, OSError, ValueError, Unfetchable
    ):
        async with asyncio.timeout(ANSWER_PATIENCE):
            await read_capped(response, MAX_ANSWER)


def _host(url: str) -> str:
    try:
        checked = check_url(url)
    except Unfetchable:
        return ""
    return f"{checked.host}:{checked.port}"


_deliverers: dict[asyncio.AbstractEventLoop, Deliverer] = {}


async def deliver(task_id: int, url: str) -> None:
    """Make the due calls of a task in the loop that this runs in."""
    loop = asyncio.get_running_loop()
    if loop not in _deliverers:
        _deliverers[loop] = Deliverer()
    await _deliverers[loop].deliver(task_id, url)


async def deliver_all(calls: list[tuple[int, str]]) -> None:
    """Make the due calls of many tasks; a host with very many waits for the next round.

    So one dead host cannot fill the process with what waits for it.
    """
    seen: dict[str, int] = {}
    chosen = []
    for task_id, url in calls:
        host = _host(url)
        seen[host] = seen.get(host, 0) + 1
        if seen[host] <= 16 * AT_ONCE_PER_HOST:
            chosen.append(deliver(task_id, url))
    await asyncio.gather(*chosen)
