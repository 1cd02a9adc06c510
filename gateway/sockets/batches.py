"""Handle the events of many accounts in one transaction (docs/adr/0029)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import OperationalError, transaction

from gateway import leases
from gateway.events.handlers import Outcome, Recipient, handle
from gateway.events.remembered import Said, quickly
from gateway.sockets.inbox import Data
from gateway.sockets.parked_events import Parked
from mjproxy.lib.db import batch
from mjproxy.lib.db.deadlocks import again_after_deadlock, is_deadlock

logger = logging.getLogger(__name__)

# Seconds after which a transaction takes no more events: others want to write too.
LONGEST: Final = 0.05

_Handle = Callable[[Recipient, str, Data], Outcome]


@dataclass
class Result:
    """What the events of an account have led to."""

    parked: Parked
    read: list[Data] = field(default_factory=list)  # messages that a person would read
    lost: list[tuple[str, Exception]] = field(default_factory=list)
    is_held: bool = True  # False: the account has another holder, nothing was written

    def copy(self) -> Result:
        return Result(
            self.parked.copy(), self.read.copy(), self.lost.copy(), self.is_held
        )


@dataclass
class Arrivals:
    """Events of one account in their order, and what they have led to so far."""

    recipient: Recipient
    fence: int
    events: Sequence[tuple[str, Data]]
    result: Result
    _new: Result = field(init=False)

    def begin(self) -> None:
        self._new = self.result.copy()

    def keep(self) -> None:
        """Keep what has happened since `begin`, because it is committed."""
        self.result = self._new

    def hold(self, held: set[int]) -> bool:
        self._new.is_held = self.recipient.account_id in held
        return self._new.is_held

    def lose(self, event: str, error: Exception) -> None:
        self._new.lost.append((event, error))

    def take(self, handling: _Handle, event: str, data: Data) -> None:
        """Handle an event, then those that may fit a task now."""
        new = self._new
        outcome = handling(self.recipient, event, data)
        if outcome is Outcome.UNRESOLVED:
            new.parked.put(event, data)
            if data.get("embeds"):  # perhaps a notice without a task
                new.read.append(data)
            return
        if outcome is Outcome.READ:
            new.read.append(data)
        if outcome is not Outcome.NOT_OURS and new.parked:
            self._retry_parked(handling)

    def _retry_parked(self, handling: _Handle) -> None:
        new = self._new
        for entry in new.parked.take():
            _, event, data = entry
            try:
                outcome = handling(self.recipient, event, data)
            except Exception as exc:
                if batch.is_open():
                    raise
                self.lose(event, exc)
                continue
            if outcome is Outcome.UNRESOLVED:
                new.parked.put_back(entry)
            elif outcome is Outcome.READ:
                new.read.append(data)


_Step = tuple[Arrivals, str, Data]


class _Failed(Exception):
    """Events that cannot be written together, the last of which has failed."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


def handle_all(every: Sequence[Arrivals]) -> None:
    """Handle all events, as many in one transaction as are ready within LONGEST.

    If one cannot be written together with the others, the transaction is undone and
    its events are handled again, each in its own. Errors are in `result.lost`.
    """
    steps = [(each, *event) for each in every for event in each.events]
    if len(steps) == 1 and _quickly(*steps[0]):
        return
    while steps:
        try:
            done = _together(steps)
        except _Failed as failed:
            done = failed.count
            for step in steps[:done]:
                _alone(step)
        except Exception as exc:  # there was no transaction: the database is away
            for arrivals, event, _ in steps:
                arrivals.begin()
                arrivals.lose(event, exc)
                arrivals.keep()
            return
        steps = steps[done:]


def _quickly(arrivals: Arrivals, event: str, data: Data) -> bool:
    """Handle an event with one statement and no transaction, if that is possible.

    Return False otherwise; then nothing was written.
    """
    if arrivals.result.parked:
        return False  # they may fit then, and want one transaction with it
    account_id = arrivals.recipient.account_id
    held = leases.holds(account_id, arrivals.fence)
    try:
        us = arrivals.recipient
        said = quickly(us.open_tasks, account_id, us.channels, event, data, held)
    except Exception as exc:
        # It is handled again, in a transaction, which tells of it.
        arrivals.recipient.open_tasks.undo()
        logger.debug("event %s of account %s: %s", event, account_id, exc)
        return False
    if said is Said.RESULT:
        arrivals.result.read.append(data)
    return said is not None


@again_after_deadlock
def _together(steps: Sequence[_Step]) -> int:
    """Handle events in one transaction; return how many."""
    accounts = {id(arrivals): arrivals for arrivals, _, _ in steps}.values()
    for each in accounts:
        each.begin()
    until, number = 0.0, 0
    try:
        with batch.batch():
            held = leases.hold({a.recipient.account_id: a.fence for a in accounts})
            until = time.monotonic() + LONGEST
            for arrivals, event, data in steps:
                if number and time.monotonic() > until:
                    break
                if arrivals.hold(held):
                    arrivals.take(handle, event, data)
                number += 1
    except Exception as exc:
        for each in accounts:
            each.recipient.open_tasks.undo()
        if not until or (isinstance(exc, OperationalError) and is_deadlock(exc)):
            raise
        raise _Failed(min(number + 1, len(steps))) from exc
    for each in accounts:
        each.keep()
    return number


def _alone(step: _Step) -> None:
    """Handle an event that could not be written together with others."""
    arrivals, event, data = step
    arrivals.begin()

    @again_after_deadlock
    def handling(recipient: Recipient, event: str, data: Data) -> Outcome:
        try:
            with transaction.atomic():
                if arrivals.hold(leases.hold({recipient.account_id: arrivals.fence})):
                    return handle(recipient, event, data)
                return Outcome.NOT_OURS
        except Exception:
            recipient.open_tasks.undo()
            raise

    try:
        arrivals.take(handling, event, data)
    except Exception as exc:
        arrivals.lose(event, exc)
    arrivals.keep()
