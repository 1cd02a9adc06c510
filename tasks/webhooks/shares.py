"""Limit the open webhook calls of a receiver, a user and a process.

A receiver is a host that is called for one user, so a slow host of one user does not
limit another user's calls to it. A receiver that answers soon gets more calls at once,
one that fails gets fewer. A user may have as many calls open as there are free places:
at most half of all, so that a new user finds a place.

Several threads may use a `Shares` at once.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mjproxy.lib.process import backoff

AT_ONCE: Final = 128
FIRST: Final = 4  # calls at once to a new receiver
MOST: Final = 16
SOON: Final = 2.5  # seconds; a receiver that answers sooner gets more places
REMEMBERED: Final = 10_000  # receivers
# Failures in a row after which the receiver rests.
KEEPS_FAILING: Final = 3
FIRST_REST: Final = 2.0  # seconds, doubled each time
LONGEST_REST: Final = 30.0


@dataclass(frozen=True)
class Receiver:
    """The target of calls: a host with its port, called for one user."""

    owner_id: int
    host: str


@dataclass
class _Share:
    room: int = FIRST
    open: int = 0
    failures: int = 0  # in a row


@dataclass
class Shares:
    """The places for calls of one process."""

    at_once: int = AT_ONCE
    _open: int = 0
    _open_for: Counter[int] = field(default_factory=Counter)
    _of: OrderedDict[Receiver, _Share] = field(default_factory=OrderedDict)
    _waiting: OrderedDict[Receiver, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, receiver: Receiver) -> bool:
        """Take a place for a call; False if none is free."""
        with self._lock:
            share = self._share(receiver)
            if share.open >= share.room:
                return False  # the end of one of its calls frees a place
            if self._open_for[receiver.owner_id] >= self.at_once - self._open:
                self._waiting[receiver] = None
                return False
            share.open += 1
            self._open += 1
            self._open_for[receiver.owner_id] += 1
            return True

    def give_back(self, receiver: Receiver) -> None:
        with self._lock:
            self._of[receiver].open -= 1
            self._open -= 1
            self._open_for[receiver.owner_id] -= 1
            if not self._open_for[receiver.owner_id]:
                del self._open_for[receiver.owner_id]
            self._forget()

    def next_waiting(self) -> Receiver | None:
        """Return the receiver that waited longest for a place, or None."""
        with self._lock:
            return self._waiting.popitem(last=False)[0] if self._waiting else None

    def went_well(self, receiver: Receiver, seconds: float) -> None:
        """Record a successful call that took this many seconds."""
        with self._lock:
            share = self._share(receiver)
            share.failures = 0
            if seconds < SOON:
                share.room = min(MOST, share.room + 1)

    def failed(self, receiver: Receiver) -> float:
        """Record a failed call; return the seconds that its receiver rests."""
        with self._lock:
            share = self._share(receiver)
            share.failures += 1
            share.room = max(1, share.room // 2)
        if (again := share.failures - KEEPS_FAILING + 1) < 1:
            return 0.0
        return backoff.delay(again, first=FIRST_REST, longest=LONGEST_REST)

    def _share(self, receiver: Receiver) -> _Share:
        share = self._of.setdefault(receiver, _Share())
        self._of.move_to_end(receiver)
        return share

    def _forget(self) -> None:
        """Forget the receivers called longest ago, above `REMEMBERED` of them."""
        while len(self._of) > REMEMBERED:
            oldest = next(iter(self._of))
            if self._of[oldest].open:
                return
            del self._of[oldest]
        while len(self._waiting) > REMEMBERED:
            self._waiting.popitem(last=False)


class Round:
    """The places that a thread takes for one round; those not used are given back.

    If the thread does not end in time, the round is closed: it takes no more places.
    """

    def __init__(self, shares: Shares, busy: Iterable[Receiver] = ()) -> None:
        self._shares, self.busy = shares, frozenset(busy)
        self._taken: Counter[Receiver] = Counter()
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self, receiver: Receiver) -> bool:
        """Take a place; False if none is free, or others wait for the receiver."""
        with self._lock:
            if self._is_closed:
                return False
            if receiver in self.busy or not self._shares.take(receiver):
                return False
            self._taken[receiver] += 1
            return True

    def close(self, used: Iterable[Receiver]) -> None:
        """Give back all places that the round took and does not use."""
        with self._lock:
            self._is_closed = True
            unused = self._taken - Counter(used)
        for receiver in unused.elements():
            self._shares.give_back(receiver)
