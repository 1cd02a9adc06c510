"""Check from outside when the web process answers for the first time."""

from __future__ import annotations

import contextlib
import selectors
import socket
from typing import Final

from mjproxy.run.plan import Plan

EVERY: Final = 0.2  # seconds between two questions
PATIENCE: Final = 10.0  # seconds that an answer may take


class Probe:
    """Ask GET /healthz again and again, until it answers 200."""

    def __init__(self, plan: Plan, selector: selectors.BaseSelector) -> None:
        self.place = (reachable(plan.host), plan.port)
        self.request = (
            b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
        self.selector = selector
        self.due = 0.0
        self.healthy = False
        self._socket: socket.socket | None = None
        self._patience = 0.0  # time limit of the open question

    def ask(self, now: float) -> None:
        self.due = now + EVERY
        if self._socket and now < self._patience:
            return
        self._close()
        try:
            line = socket.create_connection(self.place, timeout=0.2)
            line.sendall(self.request)
        except OSError:
            return
        self._socket, self._patience = line, now + PATIENCE
        self.selector.register(line, selectors.EVENT_READ, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            answer = self._socket.recv(64) if self._socket else b""
            self.healthy = answer.split(b" ")[1:2] == [b"200"]
        self._close()

    def _close(self) -> None:
        if self._socket:
            self.selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def reachable(host: str) -> str:
    """Return the address at which a server listening on `host` is reached locally."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
