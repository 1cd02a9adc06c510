"""One connection with limits on time, on received bytes and on unread answers.

Twisted alone waits a minute for each byte, keeps a body of any size before any code
sees it, and buffers any number of bytes for a reader who reads none.
"""

from __future__ import annotations

import asyncio
from tempfile import SpooledTemporaryFile
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from daphne.http_protocol import WebRequest
from twisted.web import http

from mjproxy.server.connection_limit import Places
from mjproxy.web.asgi_handlers import refusal
from mjproxy.web.body_limits import body_limit

# Seconds.
HEADERS_WITHIN: Final = (
    20.0  # from the first byte of a request to the end of its headers
)
BODY_WITHIN: Final = 30.0  # for its body, and one more for each SLOWEST bytes
STALLED: Final = 60.0  # time without reading after which a reader is dropped
LINGER: Final = 10.0  # time for which a refused caller may go on sending

SLOWEST: Final = 20_000  # bytes in a second
IN_MEMORY: Final = 100_000  # bytes of a body in memory; larger ones go to a file


class TooLarge(Exception):
    """A chunked body has become larger than its address allows."""


class BoundedRequest(WebRequest):
    limit = 0

    def __init__(self, channel: Channel, queued: Any) -> None:
        # Twisted would read forms and files into memory, where they are not used.
        super().__init__(channel, queued, parsePOSTFormSubmission=False)
        self.gate = channel.gate
        self._received = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's names
        if length is None:  # Twisted would make a file of it from the first byte on
            self.content: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._received += len(data)
        if self._received > self.limit:
            raise TooLarge
        self.channel.places.keep(self.channel, len(data))
        super().handleContentChunk(data)

    def process(self) -> Any:
        channel, transport = self.channel, self.transport
        done = super().process()
        if self.transport is None:  # the connection is a WebSocket from now on
            protocol = getattr(transport, "wrappedProtocol", transport.protocol)
            protocol.channel = channel
        return done


_HTTPChannel: Any = http.HTTPChannel  # half of it has types, some of them wrong


class Channel(_HTTPChannel):
    """Twisted's connection; the names of its methods are Twisted's."""

    places: Places[Channel]
    _clock: Any = None  # runs out when headers or body take too long
    _stall: Any = None  # runs out when nothing is read
    _is_refused = False

    def __init__(self) -> None:
        super().__init__()
        self._patience = HEADERS_WITHIN
        self.gate = asyncio.Event()  # set while there is room for more to send
        self.gate.set()

    # --- what comes in --------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._is_refused:
            return
        super().dataReceived(data)
        # Nearly all requests arrive whole, so no timer is started for each.
        if self._clock is None and self._is_half_sent():
            self._clock = self.callLater(self._patience, self._too_late)

    def _is_half_sent(self) -> bool:
        if self._is_refused or self._handlingRequest:
            return False
        return bool(self.requests or self._buffer)

    def allHeadersReceived(self) -> None:  # noqa: N802
        request = self.requests[-1]
        request.limit = limit = body_limit(_path(self._path))
        if self.length is not None and self.length > limit:
            self.refuse(413)
            return
        super().allHeadersReceived()
        size = limit if self.length is None else self.length
        self._expect(BODY_WITHIN + size / SLOWEST)

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._is_refused:
            return
        try:
            super().rawDataReceived(data)
        except TooLarge:
            self.refuse(413)

    def allContentReceived(self) -> None:  # noqa: N802
        self._expect(HEADERS_WITHIN)  # bytes of the next request
        self.places.busy(self)
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:  # noqa: N802
        self.places.let_go(self)
        if self.persistent:
            self.places.idle(self)
        super().requestDone(request)
        if not self.persistent:
            self._abortingCall = self.callLater(STALLED, self.forceAbortClient)

    def refuse(self, status: int) -> None:
        """Send an error and read no more; the caller may still be sending."""
        self._expect(HEADERS_WITHIN)
        self.setTimeout(None)
        self._is_refused = True
        self.transport.write(_refused(status, self.requests))
        self._networkProducer.unregisterProducer()
        self._abortingCall = self.callLater(LINGER, self.forceAbortClient)

    def _expect(self, seconds: float) -> None:
        """Allow so many seconds for the next part, once it has begun."""
        self._patience = seconds
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_late(self) -> None:
        self._clock = None
        self.refuse(408)

    # --- what goes out --------------------------------------------------------------

    def pauseProducing(self) -> None:  # noqa: N802
        super().pauseProducing()
        self.gate.clear()
        if self._stall is None:
            self._stall = self.callLater(STALLED, self.drop)

    def resumeProducing(self) -> None:  # noqa: N802
        self._flow()
        super().resumeProducing()

    def stopProducing(self) -> None:  # noqa: N802
        self.gone()
        super().stopProducing()

    def loseConnection(self) -> None:  # noqa: N802
        self._flow()  # no more events follow from here on
        super().loseConnection()

    def _flow(self) -> None:
        if self._stall is not None:
            if self._stall.active():
                self._stall.cancel()
            self._stall = None
        self.gate.set()

    # --- the end --------------------------------------------------------------------

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        self.gone()
        super().connectionLost(reason)

    def gone(self) -> None:
        """Release the resources of a closed connection; a second call does nothing."""
        self._expect(HEADERS_WITHIN)
        self._flow()
        self.places.leave(self)

    def drop(self) -> None:
        self.transport.abortConnection()


def _path(target: bytes) -> str:
    return unquote_to_bytes(target.partition(b"?")[0]).decode("utf-8", "replace")


def _refused(status: int, requests: list[Any]) -> bytes:
    limit = requests[-1].limit if requests else 0
    headers, body = refusal(status, limit)
    lines = [b"HTTP/1.1 %d %b" % (status, http.RESPONSES[status])]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"connection: close", b"", body])
