"""Limits on work that waits for hosts outside: in all, and per user or host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

RETRY_AFTER: Final = 2  # seconds that a refused caller should wait


class NoPlace(Exception):
    """All places are taken, or all that one user or host may have."""


class Places:
    """Places of one event loop: a limit in all, and a limit for one user or host."""

    def __init__(self, in_all: int, each: int) -> None:
        self._all = asyncio.Semaphore(in_all)
        self._each = each
        self._of: WeakValueDictionary[Hashable, asyncio.Semaphore] = (
            WeakValueDictionary()
        )

    @asynccontextmanager
    async def place(
        self, who: Hashable, *, at_once: bool = False
    ) -> AsyncIterator[None]:
        """Hold a place while the block runs; wait while none is free.

        With `at_once` it does not wait but raises NoPlace.
        """
        own = self._of.setdefault(who, asyncio.Semaphore(self._each))
        if at_once and (own.locked() or self._all.locked()):
            raise NoPlace
        async with own, self._all:
            yield
