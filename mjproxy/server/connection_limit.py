"""Limit on open connections, and the choice of those to drop at the limit."""

from __future__ import annotations

import resource
from collections import Counter
from typing import Final, Generic, Protocol, TypeVar

MOST: Final = 4096  # connections of one process
RESERVED: Final = 256  # open files for everything else
SHARE: Final = 4  # the share of them for one address
MOST_BYTES: Final = 1_000_000_000  # bytes of incomplete bodies that are kept


class Droppable(Protocol):
    def drop(self) -> None: ...


C = TypeVar("C", bound=Droppable)


class Places(Generic[C]):
    """The open connections. One without a whole request gives way to a newcomer."""

    def __init__(self, most: int, most_of_address: int, most_bytes: int) -> None:
        self.most, self.most_of_address = most, most_of_address
        self.most_bytes = most_bytes
        self._bytes: Counter[C] = Counter()
        self._kept = 0
        self._open: dict[C, str] = {}
        self._idle: dict[C, None] = {}  # those without a whole request, oldest first
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def make_room(self, address: str) -> bool:
        """Tell whether there is a place for `address`, dropping an idle one for it."""
        if address and self._of[address] >= self.most_of_address:
            return self._drop_oldest(address)
        return len(self._open) < self.most or self._drop_oldest("")

    def take(self, connection: C, address: str) -> None:
        self._open[connection] = address
        self._of[address] += 1
        self._idle[connection] = None

    def leave(self, connection: C) -> None:
        """Forget a closed connection; a second call does nothing."""
        self._idle.pop(connection, None)
        self.let_go(connection)
        address = self._open.pop(connection, None)
        if address is not None:
            self._of[address] -= 1
            self._of += Counter()  # no entry for an address without a connection

    def keep(self, connection: C, size: int) -> None:
        """Count bytes of a body; drop the oldest incomplete bodies above the limit."""
        if connection in self._open:
            self._bytes[connection] += size
            self._kept += size
        while self._kept > self.most_bytes and self._drop_oldest(""):
            pass

    def let_go(self, connection: C) -> None:
        self._kept -= self._bytes.pop(connection, 0)

    def busy(self, connection: C) -> None:
        self._idle.pop(connection, None)

    def idle(self, connection: C) -> None:
        if connection in self._open:
            self._idle[connection] = None

    def _drop_oldest(self, address: str) -> bool:
        for connection in self._idle:
            if not address or self._open[connection] == address:
                self.leave(connection)
                connection.drop()
                return True
        return False


def places_for(*, each_address: bool) -> Places[C]:
    """Return a `Places` for the open files that this process may have.

    A request may need a second file, for its body.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        files = 2 * MOST + RESERVED
    most = max(min((files - RESERVED) // 2, MOST), 16)
    return Places(most, most // SHARE if each_address else most, MOST_BYTES)
