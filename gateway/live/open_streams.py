"""Count the open event streams and WebSockets of this process, with limits."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 1000  # in all
MOST_OF_USER: Final = 100
MOST_UNNAMED: Final = 250  # of callers that have not named their key yet
UNNAMED: Final = 0


class TooMany(Exception):
    """No further stream may be opened, because one of the limits is reached."""


@dataclass(eq=False)
class Place:
    """The place of one open stream."""

    user_id: int
    counted_in: Counter[int]
    is_taken: bool = field(default=True)

    def leave(self) -> None:
        """Free the place; a second call does nothing."""
        with _lock:
            if self.is_taken:
                self.is_taken = False
                self.counted_in[self.user_id] -= 1


_open: Counter[int] = Counter()
_lock = threading.RLock()  # the collector may call `leave` at any moment


def enter(user_id: int) -> Place:
    """Take a place; 0 stands for an unknown user. Raises TooMany."""
    most = MOST_OF_USER if user_id else MOST_UNNAMED
    with _lock:
        if _open[user_id] >= most or _open.total() >= MOST:
            raise TooMany
        _open[user_id] += 1
        return Place(user_id, _open)


def leave_with(holder: Any, place: Place) -> None:
    """Free the place when `holder` is collected."""
    weakref.finalize(holder, place.leave)
