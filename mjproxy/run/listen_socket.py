"""The listening socket of web. It is opened once and outlives every web process.

A connection that comes while no web process runs waits in the socket's queue.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import Final

# Connections that may wait in the queue: some seconds of a busy day. The system may
# allow fewer (net.core.somaxconn).
BACKLOG: Final = 2048
FIRST_HANDED: Final = 3  # number of the first socket that systemd passes on
PAUSE: Final = 0.1  # seconds between two tries


class Unusable(Exception):
    """There is no socket to listen on; the text is one line for a person."""


@dataclass(frozen=True)
class Listener:
    """A listening socket, and its address in words."""

    socket: socket.socket
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def listen(host: str, port: int, patience: float) -> Listener:
    """Return the socket of systemd if there is one, else open a new one.

    A port in use is tried again for `patience` seconds. Raises Unusable.
    """
    return _handed_over() or Listener(_opened(host, port, patience), host, port)


def _handed_over() -> Listener | None:
    """Return the socket that systemd has opened for this process, or None."""
    pid, count = os.environ.get("LISTEN_PID"), os.environ.get("LISTEN_FDS", "0")
    if pid != str(os.getpid()) or count == "0":
        return None
    if count != "1":
        raise Unusable(f"LISTEN_FDS={count}: exactly one socket must be handed over")
    try:
        found = socket.socket(fileno=FIRST_HANDED)
        is_listening = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as exc:
        raise Unusable(f"LISTEN_FDS: no socket is handed over: {exc.strerror}") from exc
    if found.family not in (socket.AF_INET, socket.AF_INET6) or not is_listening:
        raise Unusable("LISTEN_FDS: the socket does not listen on a TCP port")
    os.set_inheritable(FIRST_HANDED, False)
    host, port, *_ = found.getsockname()
    return Listener(found, host, port)


def _opened(host: str, port: int, patience: float) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as exc:
        raise Unusable(f"MJPROXY_HOST={host!r} is not an address here") from exc
    deadline = time.monotonic() + patience
    while True:
        found = socket.socket(family, kind)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(address)
            found.listen(BACKLOG)
        except OSError as exc:
            found.close()
            if time.monotonic() >= deadline:
                reason = f"cannot listen on {host} port {port}: {exc.strerror}"
                raise Unusable(f"{reason} (MJPROXY_HOST, PORT)") from exc
            time.sleep(PAUSE)
            continue
        return found
