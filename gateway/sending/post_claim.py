"""Claims on posts, renewed at the last moment before a post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from gateway import timing
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.ids import new_nonce


@dataclass
class PostClaim:
    """The right to post one interaction; others may take it when it is too old.

    `renew` writes the second nonce in place of the first and makes the claim young, in
    one conditional UPDATE. It returns False if the work has moved on. `since` is the
    monotonic time before the UPDATE that the claim came from.
    """

    nonce: str
    renew: Callable[[str, str], bool]
    since: float

    async def holds(self) -> bool:
        """Return whether the post may leave now; an old claim is renewed first.

        The age is checked again afterwards, because the UPDATE may have been slow or
        have waited for a thread.
        """
        while monotonic() - self.since > timing.LATE_POST:
            if not await self._renew(self.nonce):
                return False
        return True

    async def rename(self) -> bool:
        """Take a fresh nonce for another post; return False if the work moved on."""
        return await self._renew(new_nonce())

    async def _renew(self, nonce: str) -> bool:
        before = monotonic()
        if not await in_thread(self.renew, self.nonce, nonce):
            return False
        self.nonce, self.since = nonce, before
        return True
