"""The socket at which children report that they work, as sd_notify(3) describes."""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import struct
import sys
from collections.abc import Callable
from typing import Final

_SENDER: Final = struct.Struct("3i")  # struct ucred of the kernel: process, user, group
# Only Linux has abstract sockets and tells who has sent.
IS_SUPPORTED: Final = sys.platform.startswith("linux")

OnReport = Callable[[int, set[str]], None]


class NotifySocket:
    """Receives reports of processes of this machine, with their process ids."""

    def __init__(self, selector: selectors.BaseSelector, on_report: OnReport) -> None:
        self.address = ""
        self._on_report = on_report
        if not IS_SUPPORTED:
            return
        self.address = f"@mjproxy-{os.getpid()}-{secrets.token_hex(4)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.setblocking(False)
        self._socket.bind("\0" + self.address[1:])
        selector.register(self._socket, selectors.EVENT_READ, self._read)

    def _read(self) -> None:
        while True:
            try:
                data, extra, _, _ = self._socket.recvmsg(
                    4096, socket.CMSG_SPACE(_SENDER.size)
                )
            except BlockingIOError:
                return
            for level, kind, words in extra:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    pid, *_ = _SENDER.unpack(words)
                    report = set(data.decode(errors="replace").split("\n"))
                    self._on_report(pid, report)
