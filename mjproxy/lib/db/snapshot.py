"""Snapshot: rows that are read often and written seldom, kept in memory for a moment.

Each process has its own. A change of the rows drops the snapshot of the process that
makes it at once; the others read again when theirs is too old. What must be exact at
the moment of a write is asked in SQL, not here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, TypeVarTuple
from weakref import WeakSet

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

T = TypeVar("T")
Args = TypeVarTuple("Args")

KEPT_FOR: Final = 1.0  # seconds
MOST: Final = 10_000  # results of one snapshot
# Seconds to wait for another thread that reads the same. Its database call may hang,
# and requests have to end.
PATIENCE: Final = 0.2
# Where the database is far away, results that are in use are read again in the
# background at half of their age, so that no request waits for it.
FAR: Final = 0.01  # seconds that a read takes
LOOK_EVERY: Final = 0.1  # seconds
AT_ONCE: Final = 3  # threads that read ahead; each read is a round trip
IN_USE_FOR: Final = 5.0  # seconds after a use
MOST_IN_USE: Final = (
    16  # results of a snapshot; of more, each is read when it is needed
)

every: WeakSet[Any] = WeakSet()


@dataclass
class _Kept(Generic[T]):
    """A result, and the times at which its read began and ended and its last use."""

    value: T
    read_at: float
    ended_at: float
    used_at: float


class Snapshot(Generic[T, *Args]):
    """A function whose results are kept, each for its arguments.

    What `load` raises is passed on and not kept. `models` are those that `load` reads:
    saving or deleting a row of them drops all results. Code that writes such rows by
    QuerySet.update or bulk_create calls `drop`. Results are shared by all threads, so
    nobody may change them.
    """

    def __init__(
        self,
        load: Callable[[*Args], T],
        *models: type[Model],
        kept_for: float = KEPT_FOR,
    ) -> None:
        self._load, self.kept_for, self.models = load, kept_for, models
        self._kept: dict[Any, _Kept[T]] = {}
        self._reading: dict[Any, threading.Lock] = {}
        every.add(self)
        for model in models:
            for signal in (post_save, post_delete):
                signal.connect(self._changed, sender=model)

    def __call__(self, *args: *Args) -> T:
        """Return what `load` has returned in the last `kept_for` seconds."""
        if found := self._fresh(args):
            return found.value
        lock = self._reading.setdefault(args, threading.Lock())
        is_first = lock.acquire(timeout=PATIENCE)
        try:
            # Another thread may have read it meanwhile.
            found = self._fresh(args) or self._read(args)
        finally:
            if is_first:
                self._reading.pop(args, None)
                lock.release()
        return found.value

    def drop(self) -> None:
        """Forget all results, now and again after the commit of the transaction.

        Until the commit other threads read the rows as they were.
        """
        self.forget()
        transaction.on_commit(self.forget)

    def forget(self) -> None:
        """Forget all results, also those that are being read."""
        self._kept = {}

    def _changed(self, **_: Any) -> None:
        self.drop()

    def in_use(self) -> list[Any]:
        """Return the keys of results in use that are half as old as they may be.

        Only of those whose read took long.
        """
        now = time.monotonic()
        used = [(k, v) for k, v in self._kept.copy().items() if _is_worth_it(v, now)]
        if len(used) > MOST_IN_USE:
            return []
        return [k for k, v in used if now - v.read_at > self.kept_for / 2]

    def read_again(self, key: Any) -> None:
        """Read a result that is in use. After an error the next caller reads it."""
        kept = self._kept
        old = kept.get(key)
        try:
            found = self._read(key)
        except Exception as exc:
            kept.pop(key, None)
            logger.debug("%s: %s", self._load, exc)
        else:
            found.used_at = old.used_at if old else found.used_at

    def _fresh(self, key: Any) -> _Kept[T] | None:
        found, now = self._kept.get(key), time.monotonic()
        if found is None or now - found.read_at >= self.kept_for:
            return None
        found.used_at = now
        return found

    def _read(self, key: Any) -> _Kept[T]:
        # `forget` replaces the dictionary, so what was read before is written to the
        # old one. The age counts from before the read.
        kept, began = self._kept, time.monotonic()
        value, ended = self._load(*key), time.monotonic()
        found = _Kept(value, began, ended, used_at=ended)
        if len(kept) >= MOST:
            kept.clear()
        kept[key] = found
        return found


def _is_worth_it(kept: _Kept[Any], now: float) -> bool:
    return now - kept.used_at < IN_USE_FOR and kept.ended_at - kept.read_at >= FAR


def keep_fresh() -> None:
    """From now on read results in use again in time, where a read takes long."""
    event_loop.spawn(_look_for_ever())


async def _look_for_ever() -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await read_due()
        except Exception as exc:
            logger.warning("snapshots are not read ahead: %s", exc)


async def read_due() -> None:
    """Read results again that are in use, where a read takes long.

    Several at once: one after the other, the last would be too old before its turn.
    """
    due = [(each, key) for each in list(every) for key in each.in_use()]
    shares = [due[n::AT_ONCE] for n in range(AT_ONCE)]
    await asyncio.gather(*(in_thread(_read_again, each) for each in shares if each))


def _read_again(due: list[tuple[Any, Any]]) -> None:
    for each, key in due:
        each.read_again(key)


def forget_all() -> None:
    """Forget all snapshots: a transaction that is rolled back tells nobody."""
    for each in list(every):
        each.forget()
