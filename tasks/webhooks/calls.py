"""Make the calls of webhooks, in the background event loop.

`rows` has the rows, `picking` chooses the next one, `shares` limits how many are open.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from functools import partial
from typing import Final

import aiohttp
from standardwebhooks import Webhook

from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.safe_http.client import (
    Unfetchable,
    check_url,
    close_at_exit,
    open_session,
    read_capped,
    reason_of,
)
from tasks.webhooks import picking, rows, shares
from tasks.webhooks.rows import Call, Outcome
from tasks.webhooks.shares import Receiver, Shares

UNSIGNED: Final = "the signing secret fits no encryption key: make a new one"
TIMEOUT: Final = 10.0  # seconds for a whole call
MAX_ANSWER: Final = 64 << 10
ANSWER_PATIENCE: Final = 2.0  # seconds; the body is not used


class Deliverer:
    """Makes the webhook calls of one process. Belongs to one event loop.

    Waiting calls are rows, so only open calls take up memory.
    """

    def __init__(self) -> None:
        self._session = open_session(limit=shares.AT_ONCE)
        close_at_exit(self._session)
        self._shares = Shares()
        self._starting: dict[Receiver, bool] = {}
        # Receivers that may have more due calls than free places.
        self._crowded: set[Receiver] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._is_looking = False

    async def aclose(self) -> None:
        await self._session.close()

    async def finished(self) -> None:
        """Wait until no call is open."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def start_all(self, receivers: list[Receiver]) -> None:
        """Start the due calls of many receivers, unless a round is still running."""
        if self._is_looking:
            return
        self._is_looking = True
        try:
            for receiver in receivers:
                await self.start(receiver)
        finally:
            self._is_looking = False

    async def start_task(self, receiver: Receiver, task_id: int) -> None:
        """Start the next call of a task, if it is due and a place is free.

        If more calls wait for the receiver, all its due calls are considered.
        """
        if receiver in self._crowded or not self._shares.take(receiver):
            self._crowded.add(receiver)
            await self.start(receiver)
            return
        finding = Work("finding webhooks of task", task_id)
        await faults.watch(finding, partial(self._start_next, receiver))

    async def _start_next(self, receiver: Receiver, task_id: int) -> None:
        """Start the next call of a task; its place is taken already."""
        call = None
        try:
            call = await in_thread(picking.claim, task_id, receiver.host)
        finally:
            if call is None:
                self._shares.give_back(receiver)
        if call:
            self._begin(receiver, call)
        else:
            await self._start_others(receiver)

    async def start(self, receiver: Receiver) -> None:
        """Start the due calls of a receiver, as many as there are free places.

        The others follow as places become free. A call during a round starts another
        round.
        """
        if receiver in self._starting:
            self._starting[receiver] = True
            return
        self._starting[receiver] = True
        try:
            while self._starting[receiver]:
                self._starting[receiver] = False
                finding = Work("finding webhooks of user", receiver.owner_id)
                due = partial(self._start_due, receiver)
                await faults.watch(finding, due)
        finally:
            del self._starting[receiver]

    async def _start_due(self, receiver: Receiver, _: int) -> None:
        places = 0
        calls: list[Call] = []
        self._crowded.add(receiver)
        while places < shares.MOST and self._shares.take(receiver):
            places += 1
        try:
            # Claimed after the place is taken, so that waiting does not use up the
            # claim.
            if places:
                calls = await in_thread(picking.claim_due, receiver, places)
        finally:
            for _ in range(places - len(calls)):
                self._shares.give_back(receiver)
        if len(calls) < places:
            self._crowded.discard(receiver)
        for call in calls:
            self._begin(receiver, call)

    def _begin(self, receiver: Receiver, call: Call) -> None:
        task = asyncio.create_task(self._make(receiver, call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _make(self, receiver: Receiver, call: Call) -> None:
        """Make a claimed call, then start the calls that waited for its place."""
        making = partial(self._call, receiver, call)
        try:
            await faults.watch(rows.work_of(call.task_id), making, at_once=True)
        finally:
            self._shares.give_back(receiver)
        await self._start_others(receiver)
        # Newer calls of the same task had to wait for this one.
        await self.start_task(receiver, call.task_id)

    async def _start_others(self, receiver: Receiver) -> None:
        """Start calls that waited for a free place."""
        if waiting := self._shares.next_waiting():
            await self.start(waiting)
        if receiver in self._crowded:
            await self.start(receiver)

    async def _call(self, receiver: Receiver, call: Call, _: int) -> None:
        began = time.monotonic()
        outcome = await self._post(call)
        rest = 0.0
        if outcome.delivered:
            self._shares.went_well(receiver, time.monotonic() - began)
        elif outcome.is_trouble:
            rest = self._shares.failed(receiver)
        await in_thread(rows.settle, call, outcome)
        if rest:
            await in_thread(picking.rest, receiver, rest)

    async def _post(self, call: Call) -> Outcome:
        if not call.secret:
            return Outcome(error=UNSIGNED)  # a call is never sent unsigned
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
        outcome = Outcome(status=status, hopeless=status == rows.GONE)
        if outcome.delivered:
            return outcome
        return Outcome(status, f"HTTP {status}", hopeless=outcome.hopeless)


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
    """Read a short answer. Errors are ignored, because the status decides."""
    with contextlib.suppress(
        TimeoutError, aiohttp.ClientError, OSError, ValueError, Unfetchable
    ):
        async with asyncio.timeout(ANSWER_PATIENCE):
            await read_capped(response, MAX_ANSWER)


_deliverers: dict[asyncio.AbstractEventLoop, Deliverer] = {}


def here() -> Deliverer:
    """Return the deliverer of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _deliverers:
        _deliverers[loop] = Deliverer()
    return _deliverers[loop]


async def start_task(receiver: Receiver, task_id: int) -> None:
    await here().start_task(receiver, task_id)


async def start(receiver: Receiver) -> None:
    await here().start(receiver)


async def start_all(receivers: list[Receiver]) -> None:
    await here().start_all(receivers)


async def finished() -> None:
    await here().finished()
