"""A TCP relay between a program and its server, which can disturb the line.

It runs in a thread of its own. Settings apply to all connections at once: `delay` slows
them down, `fall_silent` passes nothing on and closes nothing, `cut` closes all and
refuses new ones, `heal` ends both.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

CHUNK: Final = 1 << 16
AT_ONCE: Final = 64  # pieces on their way


class Line:
    """One connection through the relay."""

    def __init__(self, number: int) -> None:
        self.number = number  # counts connections from 0
        self.open = asyncio.Event()  # unset: nothing is passed on
        self.delay = 0.0  # seconds that each piece waits on its way to the server
        self.writers: list[asyncio.StreamWriter] = []

    def close(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Relay:
    """Listen on a port of this machine and pass on to `host`:`port`."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.target = host, port
        self.lines: list[Line] = []
        self.accepted = 0
        self._is_silent = False
        self._is_cut = False
        self._delay_of: Callable[[int], float] = lambda _: 0.0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="relay", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    # --- for tests -------------------------------------------------------------------

    def delay(self, seconds: float | Callable[[int], float]) -> None:
        """Let each piece wait on its way to the server.

        A function is given the connection's number and returns the seconds: so a part
        of the connections can be slow.
        """
        delay_of = seconds if callable(seconds) else lambda _: seconds

        def change() -> None:
            self._delay_of = delay_of
            for line in self.lines:
                line.delay = delay_of(line.number)

        self._do(change)

    def fall_silent(self, *, new_too: bool = True) -> None:
        """Pass nothing on and close nothing; with `new_too`, on new lines as well."""

        def change() -> None:
            self._is_silent = new_too
            for line in self.lines:
                line.open.clear()

        self._do(change)

    def cut(self) -> None:
        """Close all connections; close new ones at once."""

        def change() -> None:
            self._is_cut = True
            self._close_all()

        self._do(change)

    def cut_present(self) -> None:
        """Close the connections there are, as a restart of the server does."""
        self._do(self._close_all)

    def heal(self) -> None:
        """Pass on again, also what was held back; accept connections."""

        def change() -> None:
            self._is_silent = self._is_cut = False
            self._delay_of = lambda _: 0.0
            for line in self.lines:
                line.delay = 0.0
                line.open.set()

        self._do(change)

    def stop(self) -> None:
        """End the relay and all its connections."""
        self._do(self._close_all)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # --- the work --------------------------------------------------------------------

    def _close_all(self) -> None:
        for line in self.lines:
            line.close()

    def _do(self, change: Callable[[], None]) -> None:
        async def doing() -> None:
            change()

        asyncio.run_coroutine_threadsafe(doing(), self._loop).result(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0)
        server = self._loop.run_until_complete(starting)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            ends = asyncio.gather(*tasks, return_exceptions=True)
            self._loop.run_until_complete(ends)
            self._loop.close()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        line = Line(self.accepted)
        self.accepted += 1
        line.writers.append(writer)
        line.delay = self._delay_of(line.number)
        if not self._is_silent:
            line.open.set()
        self.lines.append(line)
        try:
            upstream, server = await asyncio.open_connection(*self.target)
            line.writers.append(server)
            await asyncio.gather(
                self._pump(line, reader, server, slow=True),
                self._pump(line, upstream, writer, slow=False),
            )
        except OSError:
            pass
        finally:
            line.close()
            self.lines.remove(line)

    async def _pump(
        self,
        line: Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        slow: bool,
    ) -> None:
        """Pass on in order until the end, and then close the other side's half.

        Several pieces are on their way at the same time, as on a long line.
        """
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AT_ONCE)

        async def set_off() -> None:
            piece = b"begin"
            while piece:
                piece = await reader.read(CHUNK)
                arrives = self._loop.time() + (line.delay if slow else 0.0)
                await under_way.put((arrives, piece))

        async def arrive() -> None:
            piece = b"begin"
            while piece:
                arrives, piece = await under_way.get()
                await asyncio.sleep(arrives - self._loop.time())
                await line.open.wait()
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

        with contextlib.suppress(OSError):
            await asyncio.gather(set_off(), arrive())


@contextmanager
def relay_to(port: int, host: str = "127.0.0.1") -> Iterator[Relay]:
    """Run a relay while the block runs."""
    relay = Relay(port, host)
    try:
        yield relay
    finally:
        relay.stop()
