"""Report to the supervisor or systemd that this process works (sd_notify(3)).

Both name a socket in NOTIFY_SOCKET and, in WATCHDOG_USEC, how long they accept silence.
A message is sent only while every part of the process does trivial work: its loop
turns, a thread of each pool comes free. A missing database or Redis stops none of them,
because all waits for those have a limit.

Plain Python: the supervisor and beat use no models.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

EVERY: Final = 2.0  # seconds between two messages, if the receiver accepts that
Ask = Callable[[Callable[[], object]], object]


def notify(*words: str) -> None:
    """Send a message such as READY=1; do nothing without a receiver."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return
    address = "\0" + name[1:] if name[0] == "@" else name
    with contextlib.suppress(OSError), _datagrams() as out:
        out.sendto("\n".join(words).encode(), address)


def _datagrams() -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.setblocking(False)  # a receiver that does not read must not block us
    return found


class Watch:
    """Parts of this process that must move, and whether each has moved lately."""

    def __init__(self) -> None:
        self._asks: dict[str, Ask | None] = {}
        self._moved: set[str] = set()
        self._stopped = threading.Event()

    def require(self, part: str, ask: Ask | None = None) -> None:
        """Name a part that must move.

        `ask` is called with a function that the part must call; it must not block.
        Without `ask` the part calls `moved` by itself.
        """
        self._asks[part] = ask

    def moved(self, part: str) -> None:
        """Note that a part has done some work. Any thread may call this."""
        self._moved.add(part)

    def look(self) -> bool:
        """Tell whether all parts have moved; ask those that have not once more."""
        well = self._moved >= self._asks.keys()
        if well:
            self._moved = set()
        for part, ask in self._asks.items():
            if ask and part not in self._moved:
                # A pool that is shut down takes no work, so it counts as not moved.
                with contextlib.suppress(RuntimeError):
                    ask(partial(self.moved, part))
        return well

    def begin(self) -> None:
        """Report from now on, in a thread of its own, if there is a receiver."""
        pause = _pause()
        if pause is None:
            return

        def telling() -> None:
            self.look()
            while not self._stopped.wait(pause):
                if self.look():
                    notify("WATCHDOG=1")

        threading.Thread(target=telling, name="watchdog", daemon=True).start()

    def end(self) -> None:
        self._stopped.set()


watch = Watch()  # of this process


def _pause() -> float | None:
    """Return the seconds between two messages; None without a receiver."""
    patience, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    if not patience.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return min(EVERY, int(patience) / 1e6 / 4)
