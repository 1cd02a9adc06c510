"""Daphne's server with our connections, and with answers that wait for their reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from daphne import server  # before all of Twisted: it chooses the reactor
from daphne.http_protocol import HTTPFactory
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings

from mjproxy.lib.process.open_files import allow_open_files
from mjproxy.server.connection import BoundedRequest, Channel
from mjproxy.server.connection_limit import Places, places_for

PIECE: Final = 1 << 16  # bytes passed to a connection at once
LONGEST: Final = 1 << 16  # bytes of a message to us, four times what we read
UNHEARD: Final = 50  # unread messages after which a WebSocket is closed


class Socket(WebSocketProtocol):
    """A WebSocket, on a connection that was HTTP before."""

    channel: Channel | None = None

    @property
    def gate(self) -> Any:
        return self.channel and self.channel.gate

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        # Daphne's limit counts sent messages as well, and a task may be long.
        super().onMessageFrameBegin(length)
        if self.message_data_total_length > LONGEST:
            self.transport.abortConnection()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: FBT001, N802, N803
        if self.application_queue.qsize() >= UNHEARD:
            self.transport.abortConnection()
            return
        super().onMessage(payload, isBinary)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        if self.channel:
            self.channel.gone()
        super().connectionLost(reason)


class Sockets(WebSocketFactory):
    protocol = Socket


class Connections(HTTPFactory):
    """Makes a connection for each caller if there is a place."""

    protocol = Channel

    def __init__(self, daphne: Any) -> None:
        super().__init__(daphne)
        each_address = not settings.TRUSTED_PROXIES  # a proxy's are all callers'
        self.places: Places[Channel] = places_for(each_address=each_address)

    def buildProtocol(self, addr: Any) -> Channel | None:  # noqa: N802
        host = str(getattr(addr, "host", ""))
        if not self.places.make_room(host):
            return None
        channel = super().buildProtocol(addr)
        channel.requestFactory = BoundedRequest
        channel.places = self.places
        self.places.take(channel, host)
        return cast(Channel, channel)

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802
        return [b"http/1.1"]


class BoundedServer(server.Server):
    def run(self) -> None:
        allow_open_files()
        # Daphne's `run` takes both from its module, and from no other place.
        server.HTTPFactory, server.WebSocketFactory = Connections, Sockets
        super().run()

    async def handle_reply(self, protocol: Any, message: Mapping[str, Any]) -> None:
        """Pass on the application's output, as fast as it is read."""
        for part in _parts(message):
            await super().handle_reply(protocol, part)
            if part.get("more_body") or part["type"] == "websocket.send":
                await protocol.gate.wait()


def _parts(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    body = message.get("body") or b""
    if len(body) <= PIECE:
        yield message
        return
    last = len(body) - PIECE
    for start in range(0, len(body), PIECE):
        more = start < last or message.get("more_body", False)
        yield {**message, "body": body[start : start + PIECE], "more_body": more}
