"""Messages of a gateway socket, read by a callback of the event loop.

The library's reader registers its file anew for each message, and hands the message
over through a queue and two tasks: eight turns of the event loop, where two are enough
(docs/adr/0029-events-are-written-together.md).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from curl_cffi import CurlECode, CurlError
from curl_cffi.const import CurlWsFlag
from curl_cffi.requests.websockets import WebSocketClosed, WebSocketError

AT_ONCE: Final = 100  # frames in one callback: other sockets want to be read too
_DATA: Final = int(CurlWsFlag.BINARY | CurlWsFlag.TEXT | CurlWsFlag.CONT)
_CONT: Final = int(CurlWsFlag.CONT)
_CLOSE: Final = int(CurlWsFlag.CLOSE)

Message = tuple[bytes, int]  # with flags


class Messages:
    """An open `AsyncWebSocket`, with a reader of its own.

    What came before the socket ended is still returned. `recv` raises TimeoutError
    after `silence` seconds without a frame.
    """

    def __init__(self, socket: Any, *, silence: float) -> None:
        self._socket = socket
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._came: deque[Message] = deque()
        self._parts: list[bytes] = []  # of a message that has not come whole
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        # Done when nothing more is read, with the close frame if one came.
        self._last: asyncio.Future[Message | None] = self._loop.create_future()
        reader: asyncio.Task[None] = self._socket._read_task
        reader.cancel()
        # In its place, because the library cancels it when the socket ends.
        self._reading = self._loop.create_task(self._read(reader))
        self._reading.add_done_callback(self._wake)
        self._socket._read_task = self._reading

    @property
    def closed(self) -> bool:
        return bool(self._socket.closed)

    @property
    def close_code(self) -> int | None:
        code: int | None = self._socket.close_code
        return code

    @property
    def close_reason(self) -> str | None:
        reason: str | None = self._socket.close_reason
        return reason

    async def send(self, data: bytes) -> None:
        await self._socket.send(data)

    async def close(self, code: int, reason: bytes = b"") -> None:
        await self._socket.close(code, reason)

    async def recv(self) -> Message:
        """Return the next message. For one caller at a time."""
        while not self._came:
            if self._error:
                raise self._error
            if self._reading.done():
                raise WebSocketClosed("the socket is closed")
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._came.popleft()

    async def _read(self, reader: asyncio.Task[None]) -> None:
        """Read until the socket ends; answer its close frame."""
        await asyncio.wait({reader})  # it unregisters the file when it ends
        file = self._socket._sock_fd
        self._loop.add_reader(file, self._take)
        self._loop.call_soon(self._take)  # what came with the handshake
        watch = asyncio.create_task(self._watch())
        try:
            closing = await self._last
        finally:  # the library closes the file after this
            self._loop.remove_reader(file)
            watch.cancel()
        if closing:
            self._put(closing)
            # It notes the code first, so before anybody has taken the frame.
            await self._socket._handle_close_frame(closing[0])

    async def _watch(self) -> None:
        """Report silence."""
        rest = self._silence
        while rest > 0:
            await asyncio.sleep(rest)
            rest = self._heard_at + self._silence - self._loop.time()
        self._error = TimeoutError()
        self._wake()

    def _take(self) -> None:
        """Take what has come."""
        if self._last.done():
            return
        self._heard_at = self._loop.time()
        try:
            for _ in range(AT_ONCE):
                part, frame = self._socket.curl.ws_recv()
                if frame.flags & _CLOSE:
                    self._last.set_result((part, frame.flags))
                    return
                if frame.flags & _DATA:
                    self._add(part, frame)
            self._loop.call_soon(self._take)  # curl may hold more
        except CurlError as exc:
            if not _is_nothing(exc):
                self._fail(exc)
        except Exception as exc:
            self._fail(exc)

    def _add(self, part: bytes, frame: Any) -> None:
        """Add a part of a message; raise WebSocketError if it is too large."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._socket._max_message_size:
            raise WebSocketError("the message is too large", CurlECode.TOO_LARGE)
        if not (frame.flags & _CONT or frame.bytesleft):
            parts, self._parts, self._size = self._parts, [], 0
            self._put((b"".join(parts), frame.flags))

    def _put(self, message: Message) -> None:
        self._came.append(message)
        self._wake()

    def _wake(self, *_: object) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        """End the socket, which cannot be read any more."""
        self._error = error
        self._last.set_result(None)
        self._wake()
        self._socket._finalize_connection(error)


def _is_nothing(error: CurlError) -> bool:
    """Tell whether an error only says that no frame has come."""
    if error.code == CurlECode.AGAIN:
        return True
    # So BoringSSL says it.
    return error.code == CurlECode.RECV_ERROR and "errno 11" in str(error).lower()
