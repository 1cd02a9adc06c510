"""The courier: makes the webhook calls of a process, in the background event loop.

It works in rounds. Tasks that are woken while a round runs, or within `ROUND_EVERY`
seconds of its start, are claimed together in the next one (`states`). Calls that were
taken are stored together, `SETTLE_EVERY` seconds after the first. News of one of them
are claimed as if it were stored already. `shares` limits how many calls are open; tasks
that find no free place are looked up again when one comes free (`picking`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

from mjproxy.lib import faults
from mjproxy.lib.db.compiled_query import can_return
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process import event_loop
from tasks.enums import DeliveryState
from tasks.models import Task
from tasks.webhooks import by_hand, log, picking, shares, statements, states
from tasks.webhooks.posting import Call, Outcome, Poster, post
from tasks.webhooks.shares import Receiver, Round, Shares

logger = logging.getLogger(__name__)

ROUND_EVERY: Final = 0.01  # seconds between two rounds, so that a round claims several
SETTLE_EVERY: Final = 0.25  # seconds
AGAIN_AFTER: Final = 1.0  # seconds from an error of the database to the next try
_ROUND: Final = Work("finding webhooks of woken tasks", 0)


class Courier:
    """Makes the webhook calls of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._poster = Poster(limit=shares.AT_ONCE)
        self._shares = Shares()
        self._starting: dict[Receiver, bool] = {}
        # Woken tasks whose receiver's places were taken for a search.
        self._after_search: dict[Receiver, list[int]] = {}
        # Receivers that may have more due calls than free places.
        self._crowded: set[Receiver] = set()
        self._woken: dict[int, None] = {}
        self._open: set[int] = set()  # tasks whose call is open
        self._told: dict[int, states.Done] = {}  # taken calls that are not stored yet
        self._round_at = 0.0  # earliest time of the next round, on the loop's clock
        self._looked = asyncio.Event()  # set at the end of each round, then replaced
        self._hurry = asyncio.Event()
        self._is_claiming = self._is_settling = self._is_looking = False
        self._is_ending = False
        self._work: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        await self._poster.close()

    async def finished(self) -> None:
        """Wait until no call is open and all results are stored."""
        while self._work:
            await asyncio.wait(self._work)

    async def end(self) -> None:
        """Begin no more calls; store the results that are there, and of open calls."""
        self._is_ending = True
        self._hurry.set()
        await self.finished()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    # --- woken tasks -----------------------------------------------------------------

    def wake(self, ids: Iterable[int]) -> None:
        """Make the calls of these tasks, if they are due and a place is free."""
        for pk in ids:
            # News of an open call are noticed when its result is stored.
            if pk not in self._open:
                self._woken[pk] = None
        if self._woken and not self._is_claiming and not self._is_ending:
            self._is_claiming = True
            self._spawn(self._claim_woken())

    async def look_at(self, ids: Iterable[int]) -> None:
        """Wake tasks, and wait until a round has looked at them."""
        self.wake(ids)
        while not self._woken.keys().isdisjoint(ids):
            await self._looked.wait()

    async def _claim_woken(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while self._woken and not self._is_ending:
                await asyncio.sleep(self._round_at - clock())
                self._round_at = clock() + ROUND_EVERY
                ids = list(islice(self._woken, statements.MOST))
                for pk in ids:
                    del self._woken[pk]
                await faults.watch(_ROUND, partial(self._claim_these, ids))
                self._looked.set()
                self._looked = asyncio.Event()
        finally:
            self._is_claiming = False

    async def _claim_these(self, ids: list[int], _: int) -> None:
        calls: list[Call] = []
        refused: dict[int, Receiver] = {}
        places = Round(self._shares, self._crowded)
        told = self._told_before(ids)
        try:
            calls, refused = await in_thread(_claimed, ids, told, places)
        finally:
            places.close(call.receiver for call in calls)
            for pk in {*(call.task_id for call in calls), *refused} & told.keys():
                log.say(*told.pop(pk), DeliveryState.DELIVERED)
            self._store_later(told)
        for call in calls:
            self._begin(call)
        self._let_wait(refused)

    def _told_before(self, ids: list[int]) -> dict[int, states.Done]:
        """Take out the taken calls of woken tasks that a claim may replace.

        Not those of ends, which are to be logged.
        """
        found = [self._told[pk] for pk in ids if pk in self._told]
        if self._crowded or not can_return():
            if found:
                self._hurry.set()  # their claims are in the way
            return {}
        told = {call.task_id: (call, out) for call, out in found if not call.is_final}
        for pk in told:
            del self._told[pk]
        return told

    def _let_wait(self, refused: dict[int, Receiver]) -> None:
        """Make the calls of woken tasks later, because no place was free."""
        for pk, receiver in refused.items():
            if receiver in self._starting:
                # Perhaps it is only the search that holds the places.
                self._after_search.setdefault(receiver, []).append(pk)
        full = {*refused.values()} - self._starting.keys()
        self._crowded |= full
        for receiver in full:
            self._spawn(self.start(receiver))

    # --- receivers -------------------------------------------------------------------

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

    async def start(self, receiver: Receiver) -> None:
        """Start the due calls of a receiver, as many as there are free places.

        The others follow as places become free. A call during a round starts another
        round.
        """
        if self._is_ending:
            return
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
            self.wake(self._after_search.pop(receiver, ()))

    async def _start_due(self, receiver: Receiver, _: int) -> None:
        calls: list[Call] = []
        round_ = Round(self._shares)
        places = sum(1 for _ in range(shares.MOST) if round_.take(receiver))
        try:
            # Claimed after the places are taken, so that waiting does not use up the
            # claim.
            if places:
                calls = await in_thread(picking.claim_due, receiver, places)
        finally:
            round_.close(call.receiver for call in calls)
        if len(calls) < places:
            self._crowded.discard(receiver)
        else:  # there may be more, which the end of a call starts
            self._crowded.add(receiver)
        for call in calls:
            self._begin(call)

    async def _start_others(self, receiver: Receiver) -> None:
        """Start calls that waited for a free place."""
        if waiting := self._shares.next_waiting():
            await self.start(waiting)
        if receiver in self._crowded:
            await self.start(receiver)

    # --- calls -----------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        if not call.by_hand:
            self._open.add(call.task_id)
        self._spawn(self._make(call))

    async def _make(self, call: Call) -> None:
        """Make a claimed call, then start the calls that waited for its place."""
        making = partial(self._call, call)
        try:
            await faults.watch(states.work(call.task_id), making, at_once=True)
        finally:
            self._shares.give_back(call.receiver)
        await self._start_others(call.receiver)

    async def _call(self, call: Call, _: int) -> None:
        began = time.monotonic()
        try:
            outcome = await post(self._poster, call)
        finally:
            # From here on news of the task are looked for, so none is missed.
            if not call.by_hand:
                self._open.discard(call.task_id)
        if outcome.delivered:
            self._shares.went_well(call.receiver, time.monotonic() - began)
        await self._settle(call, outcome)
        if outcome.is_trouble and (rest := self._shares.failed(call.receiver)):
            await in_thread(states.rest, call.receiver, rest)

    async def _settle(self, call: Call, outcome: Outcome) -> None:
        if call.by_hand:
            await in_thread(by_hand.settle, call, outcome)
        elif outcome.delivered:
            self._store_later({call.task_id: (call, outcome)})
        elif await in_thread(states.settle_failed, call, outcome):
            self.wake([call.task_id])

    def _store_later(self, told: dict[int, states.Done]) -> None:
        self._told |= told
        if len(self._told) >= statements.MOST:
            self._hurry.set()
        if self._told and not self._is_settling:
            self._is_settling = True
            self._spawn(self._settle_told())

    async def _settle_told(self) -> None:
        """Store the results that come within `SETTLE_EVERY` seconds together."""
        try:
            while self._told:
                if not self._is_ending:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(SETTLE_EVERY):
                            await self._hurry.wait()
                    self._hurry.clear()
                await self._settle_these()
        finally:
            self._is_settling = False

    async def _settle_these(self) -> None:
        done = dict(islice(self._told.items(), statements.MOST))
        for pk in done:
            del self._told[pk]
        if not done:
            return
        try:
            again = await in_thread(states.settle_delivered, list(done.values()))
        except faults.AWAY as exc:
            # Else the calls would be repeated when their claims end.
            logger.warning("webhooks not stored yet: %s", exc, extra={"error": exc})
            self._told = done | self._told
            await asyncio.sleep(AGAIN_AFTER)
        else:
            self.wake(again)


def _claimed(
    ids: list[int], told: Mapping[int, states.Done], places: Round
) -> tuple[list[Call], dict[int, Receiver]]:
    """Claim those of the tasks that are due and for which a place is free.

    Returns their calls, and the receivers of due tasks without a place.
    """
    if not places.busy and can_return():
        try:
            calls, full = states.claim_at_once(
                ids, told, lambda task: places.take(states.receiver_of(task))
            )
        except faults.AWAY:
            raise
        except Exception as exc:  # counted below, where each task is alone
            logger.debug("webhooks are claimed one by one: %s", exc)
        else:
            return calls, {task.pk: states.receiver_of(task) for task in full}
    free: list[Task] = []
    refused: dict[int, Receiver] = {}
    for task in states.due(ids):
        receiver = states.receiver_of(task)
        if places.take(receiver):
            free.append(task)
        else:
            refused[task.pk] = receiver
    return states.claim(free), refused


_couriers: dict[asyncio.AbstractEventLoop, Courier] = {}
_asked: Final[set[int]] = set()
_asking: Final = threading.Lock()


def here() -> Courier:
    """Return the courier of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _couriers:
        _couriers[loop] = Courier()
    return _couriers[loop]


def wake(ids: Iterable[int]) -> None:
    """Make the calls of tasks with news soon. May be called from any thread."""
    with _asking:
        is_first = not _asked
        _asked.update(ids)
    if is_first:
        event_loop.loop().call_soon_threadsafe(_wake_asked)


def _wake_asked() -> None:
    with _asking:
        ids = sorted(_asked)
        _asked.clear()
    here().wake(ids)


async def start(receiver: Receiver) -> None:
    await here().start(receiver)


async def start_all(receivers: list[Receiver]) -> None:
    await here().start_all(receivers)


async def look_at(ids: list[int]) -> None:
    await here().look_at(ids)


async def finished() -> None:
    await here().finished()


async def end() -> None:
    await here().end()
