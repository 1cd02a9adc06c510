"""Name servers on loopback: one stays silent, one knows a few names."""

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
def nameserver(
    names: Mapping[str, str], *, code: int | None = NO_SUCH_NAME
) -> Iterator[str]:
    """Answer for `names`; of other names say `code`, or nothing."""
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


def _serve(server: socket.socket, names: Mapping[str, str], code: int | None) -> None:
    while True:
        question, asker = server.recvfrom(4096)
        if question == STOP:
            return
        name, kind, end = _asked(question)
        if name in names:
            server.sendto(_answer(question, end, names[name], kind), asker)
        elif code is not None:
            server.sendto(_header(question, code, 0) + question[12:end], asker)


def _asked(question: bytes) -> tuple[str, int, int]:
    """Return the name, the kind of record and where the question ends."""
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode())
        at += size + 1
    (kind,) = struct.unpack_from("!H", question, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def _answer(question: bytes, end: int, address: str, kind: int) -> bytes:
    found = b""
    if kind == A:
        packed = IPv4Address(address).packed
        found = struct.pack("!HHHIH", 0xC00C, A, 1, 60, 4) + packed
    return _header(question, 0, bool(found)) + question[12:end] + found


def _header(question: bytes, code: int, answers: int) -> bytes:
    return question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, answers, 0, 0)
