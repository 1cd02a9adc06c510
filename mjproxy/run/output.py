"""Standard output of the supervisor, which takes the lines of all children."""

from __future__ import annotations

import math
import os
import select


class Output:
    """Standard output that loses nothing, yet whose reader cannot block a stop."""

    def __init__(self, descriptor: int = 1) -> None:
        self.descriptor = descriptor
        self.patience = math.inf  # seconds that a full pipe may still block us
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def line(self, text: str) -> None:
        data = memoryview(f"{text}\n".encode())
        # Up to PIPE_BUF bytes never block if poll reports room.
        while data and self._has_room():
            try:
                data = data[os.write(self.descriptor, data[: select.PIPE_BUF]) :]
            except OSError:
                return  # the reader has gone

    def _has_room(self) -> bool:
        while not self._poll.poll(min(self.patience, 0.2) * 1000):
            if self.patience <= 0:
                return False
            self.patience = max(self.patience - 0.2, 0.0)
        return True


output = Output()
