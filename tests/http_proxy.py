"""A small real HTTP proxy that forwards, tunnels and records its requests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

REFUSED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="proxy"\r\n'
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(frozen=True)
class Passed:
    """A request that passed through, as the proxy sees it."""

    method: str
    path: str
    user_agent: str


@dataclass
class Proxy:
    """Proxy that requires a password."""

    name: str
    password: str = "s3cret"
    port: int = 0
    passed: list[Passed] = field(default_factory=list)
    refused: int = 0
    _works: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.with_password(self.password)

    def with_password(self, password: str) -> str:
        return f"http://{self.name}:{password}@127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for work in self._works:
                work.cancel()
            await asyncio.gather(*self._works, return_exceptions=True)
            await server.wait_closed()

    @contextlib.contextmanager
    def in_a_thread(self) -> Iterator[Proxy]:
        """For tests that have no loop of their own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        life = self.running()
        asyncio.run_coroutine_threadsafe(life.__aenter__(), loop).result(10)
        try:
            yield self
        finally:
            end = life.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(end, loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        work = asyncio.current_task()
        assert work is not None
        self._works.add(work)
        try:
            await self._pass_on(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a side has gone, or the test is over
        finally:
            self._works.discard(work)
            writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        if not self._knows(head):
            self.refused += 1
            writer.write(REFUSED)
            await writer.drain()
            return
        if method == b"CONNECT":
            host, port = target.decode().rsplit(":", 1)
            writer.write(TUNNEL)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")  # plain: there is no TLS here
            method, path, _ = head.split(b" ", 2)
        else:
            parts = urlsplit(target.decode())
            host, port = parts.hostname or "", str(parts.port or 80)
            path = (parts.path + (f"?{parts.query}" if parts.query else "")).encode()
            head = _for_one_request(head.replace(target, path, 1))
        agent = _header(head, b"user-agent").decode()
        self.passed.append(Passed(method.decode(), path.decode(), agent))
        there_in, there_out = await asyncio.open_connection(host, int(port))
        there_out.write(head)
        try:
            await asyncio.gather(_pump(reader, there_out), _pump(there_in, writer))
        finally:
            there_out.close()

    def _knows(self, head: bytes) -> bool:
        pair = f"{self.name}:{self.password}".encode()
        return _header(head, b"proxy-authorization") == b"Basic " + b64encode(pair)


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return b""


def _for_one_request(head: bytes) -> bytes:
    kept = [
        line
        for line in head[:-4].split(b"\r\n")
        if not line.lower().startswith((b"proxy-", b"connection:"))
    ]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
