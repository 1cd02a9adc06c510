"""The web server as a process, and connections of the rawest kind to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.calls import eventually, free_port

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int
    opened: list[socket.socket] = field(default_factory=list)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.opened.append(connection)
        return connection

    def hang_up(self) -> None:
        """Close all connections to it."""
        while self.opened:
            self.opened.pop().close()

    def send(self, data: bytes) -> socket.socket:
        connection = self.connect()
        connection.sendall(data)
        return connection

    def memory(self) -> int:
        """Return the bytes of memory that it holds, and count its peak anew."""
        folder = Path(f"/proc/{self.process.pid}")
        (folder / "clear_refs").write_text("5")
        pages = (folder / "statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def peak(self) -> int:
        """Return the most bytes of memory that it has held since `memory`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def running(
    app: str, data: Path, *, module: str = "mjproxy.server", files: int = 0
) -> Iterator[Server]:
    """Run a server; `files` is the system's limit on its open files."""
    port = free_port()
    limited = ["prlimit", f"--nofile={files}"] if files else []
    argv = [*limited, sys.executable, "-m", module, "-v", "0", "-p", str(port), app]
    environment: dict[str, Any] = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mjproxy.settings",
        "MJPROXY_DATA_DIR": str(data),
    }
    process = subprocess.Popen(argv, cwd=ROOT, env=environment)
    server = Server(process, port)
    try:
        eventually(server.connect, what="it listens")
        server.hang_up()
        yield server
    finally:
        server.hang_up()
        process.kill()
        process.wait(10)


def request(path: str, method: str = "GET", body: bytes = b"", **headers: Any) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if body:
        headers.setdefault("content_length", len(body))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the next answer; 0 where there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := connection.recv(1 << 16)):
            return 0, data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", 0))
    while len(body) < length and (part := connection.recv(1 << 20)):
        body += part
    return int(head.split()[1]), body
