"""Name servers on loopback: one that says nothing, one that knows a few names."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address

NO_SUCH_NAME, REFUSED, A = 3, 5, 1
STOP = b""


@contextmanager
def silent() -> Iterator[str]:
    """Take questions and answer none; yields the server's address."""
    with _bound() as server:
        yield _address(server)


@contextmanager
def knowing(names: Mapping[str, str], *, code: int = NO_SUCH_NAME) -> Iterator[str]:
    """Answer for `names`; of other names say `code`."""
    with _bound() as server:
        told = threading.Thread(target=_serve, args=(server, names, code), daemon=True)
        told.start()
        try:
            yield _address(server)
        finally:
            server.sendto(STOP, server.getsockname())
            told.join(10)


def _bound() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    return server


def _address(server: socket.socket) -> str:
    host, port = server.getsockname()
    return f"{host}:{port}"


def _serve(server: socket.socket, names: Mapping[str, str], code: int) -> None:
    while True:
        question, asker = server.recvfrom(4096)
        if question == STOP:
            return
        server.sendto(_answer(question, names, code), asker)


def _answer(question: bytes, names: Mapping[str, str], code: int) -> bytes:
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode())
        at += size + 1
    (kind,) = struct.unpack_from("!H", question, at + 1)
    name = ".".join(labels).lower()
    found = b""
    if kind == A and name in names:
        address = IPv4Address(names[name]).packed
        found = struct.pack("!HHHIH", 0xC00C, A, 1, 60, 4) + address
    flags = 0x8180 if name in names else 0x8180 | code
    head = question[:2] + struct.pack("!HHHHH", flags, 1, bool(found), 0, 0)
    return head + question[12 : at + 5] + found
