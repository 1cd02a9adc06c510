"""Snapshot: rows that are read often and written seldom, kept in memory for a moment.

Each process has its own. A change of the rows drops the snapshot of the process that
makes it at once; the others read again when theirs is too old. What must be exact at
the moment of a write is asked in SQL, not here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, TypeVarTuple
from weakref import WeakSet

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

T = TypeVar("T")
Args = TypeVarTuple("Args")

KEPT_FOR: Final = 1.0  # seconds
MOST: Final = 10_000  # results of one snapshot
# Seconds to wait for another thread that reads the same. Its database call may hang,
# and requests have to end.
PATIENCE: Final = 0.2

_every: WeakSet[Any] = WeakSet()


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
        self._load, self._kept_for = load, kept_for
        self._kept: dict[Any, tuple[float, T]] = {}
        self._reading: dict[Any, threading.Lock] = {}
        _every.add(self)
        for model in models:
            for signal in (post_save, post_delete):
                signal.connect(self._changed, sender=model)

    def __call__(self, *args: *Args) -> T:
        """Return what `load` has returned in the last `kept_for` seconds."""
        if found := self._fresh(args):
            return found[1]
        lock = self._reading.setdefault(args, threading.Lock())
        is_first = lock.acquire(timeout=PATIENCE)
        try:
            # Another thread may have read it meanwhile.
            found = self._fresh(args) or self._read(args)
        finally:
            if is_first:
                self._reading.pop(args, None)
                lock.release()
        return found[1]

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

    def _fresh(self, key: Any) -> tuple[float, T] | None:
        found = self._kept.get(key)
        is_fresh = found and time.monotonic() - found[0] < self._kept_for
        return found if is_fresh else None

    def _read(self, key: Any) -> tuple[float, T]:
        # `forget` replaces the dictionary, so what was read before is written to the
        # old one. The age counts from before the read.
        kept = self._kept
        found = time.monotonic(), self._load(*key)
        if len(kept) >= MOST:
            kept.clear()
        kept[key] = found
        return found


def forget_all() -> None:
    """Forget all snapshots: a transaction that is rolled back tells nobody."""
    for each in list(_every):
        each.forget()
