"""Tell whoever watches this process that it works, as sd_notify(3) has it.

The supervisor and systemd name a socket in NOTIFY_SOCKET and, in WATCHDOG_USEC, how
long they put up with silence. A word goes there only while every part of the process
does trivial work: its loop turns, a thread of each pool comes free. That a database or
Redis is away stops none of them, as all waits for those have an end.

Plain Python: the supervisor and beat do without models.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

EVERY: Final = 2.0  # seconds between two words, where the one who listens has patience
Ask = Callable[[Callable[[], object]], object]


def notify(*words: str) -> None:
    """Send words such as READY=1; without anybody who listens do nothing."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")):
        return
    address = "\0" + name[1:] if name[0] == "@" else name
    with contextlib.suppress(OSError), _datagrams() as out:
        out.sendto("\n".join(words).encode(), address)


def _datagrams() -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.setblocking(False)  # who does not read must not hold us up
    return found


class Watch:
    """The parts of this process that must move, and whether each has moved of late."""

    def __init__(self) -> None:
        self._asks: dict[str, Ask | None] = {}
        self._moved: set[str] = set()
        self._stopped = threading.Event()

    def require(self, part: str, ask: Ask | None = None) -> None:
        """Name a part that must move.

        `ask` is called with a function that the part shall call; it must not block.
        Without it the part calls `moved` by itself.
        """
        self._asks[part] = ask

    def moved(self, part: str) -> None:
        """Note that a part has done a piece of work. Any thread may call it."""
        self._moved.add(part)

    def look(self) -> bool:
        """Tell whether all parts have moved; ask those again that have not."""
        well = self._moved >= self._asks.keys()
        if well:
            self._moved = set()
        for part, ask in self._asks.items():
            if ask and part not in self._moved:
                # What is shut down takes no work: then it has not moved.
                with contextlib.suppress(RuntimeError):
                    ask(partial(self.moved, part))
        return well

    def begin(self) -> None:
        """Tell from now on, from a thread of its own, where somebody listens."""
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
    """Return the seconds between two words, or None where nobody listens."""
    patience, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    if not patience.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return min(EVERY, int(patience) / 1e6 / 4)
