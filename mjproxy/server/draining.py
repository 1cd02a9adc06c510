"""The end of a web process: open requests are finished, no new ones are taken.

New connections wait in the queue of the listening socket, which its owner, the
supervisor or systemd, keeps open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

from daphne import server  # before all of Twisted: it chooses the reactor
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor, tcp
from twisted.web import http

from mjproxy.lib.process.watchdog import notify, watch
from mjproxy.run.plan import DRAIN

LOOK: Final = 0.05  # seconds between two checks of open connections
# Seconds for the first request of a connection that was taken just before the end.
FIRST_REQUEST: Final = 1.0
CANCELLING: Final = 1.0  # seconds that a request may take to be cancelled
RESTARTS: Final = 1012  # WebSocket close code: the service restarts, come again


class DrainingServer(server.Server):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)
        if len(self.ports) == len(self.endpoints):
            watch.require("loop", server.twisted_loop.call_soon_threadsafe)
            watch.begin()
            notify("READY=1")

    def protocol_connected(self, protocol: Any) -> None:
        super().protocol_connected(protocol)
        if channel := getattr(protocol, "channel", None):
            channel.has_asked = True

    def kill_all_applications(self) -> Any:
        """Make the reactor wait with its end until all is answered; see DRAIN."""
        notify("STOPPING=1")
        for port in self.ports:
            port.stopListening()
        leaving = asyncio.ensure_future(self._leave(), loop=server.twisted_loop)
        return defer.Deferred.fromFuture(leaving)

    async def _leave(self) -> None:
        began = time.monotonic()
        self._say_good_bye()
        # Read what has already arrived before closing anything.
        await asyncio.sleep(0)
        while (spent := time.monotonic() - began) < DRAIN:
            open_lines = list(_lines())
            if not (open_lines or self._open_requests()):
                return
            for line in open_lines:
                _finish(line, is_late=spent > FIRST_REQUEST)
            await asyncio.sleep(LOOK)
            self._say_good_bye()
        await self._cancel()

    def _open_requests(self) -> list[Any]:
        return [
            protocol
            for protocol, details in self.connections.items()
            if "disconnected" not in details
        ]

    def _say_good_bye(self) -> None:
        """End streams and WebSockets, which have no end; their clients reconnect."""
        for protocol in self._open_requests():
            if isinstance(protocol, WebSocketProtocol):
                if protocol.state == protocol.STATE_OPEN:
                    # `sendClose` accepts only codes for applications.
                    protocol.sendCloseFrame(code=RESTARTS)
            elif _is_event_stream(protocol):
                if running := self.connections[protocol].get("application_instance"):
                    running.cancel()
                protocol.finish()

    async def _cancel(self) -> None:
        instances = [
            details.get("application_instance") for details in self.connections.values()
        ]
        running = [each for each in instances if each and not each.done()]
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCELLING)


def _lines() -> Iterator[Any]:
    """Yield the connections that are being read or written."""
    running: Any = reactor
    for found in {*running.getReaders(), *running.getWriters()}:
        if isinstance(found, tcp.Server):
            yield found


def _finish(line: Any, *, is_late: bool) -> None:
    """Close a connection, now or after its present request."""
    channel = getattr(line.protocol, "_channel", line.protocol)
    if not isinstance(channel, http.HTTPChannel):
        return
    if channel.requests:
        channel.persistent = False
        request = channel.requests[0]
        if not request.startedWriting:
            request.responseHeaders.setRawHeaders(b"connection", [b"close"])
    elif is_late or getattr(channel, "has_asked", False):
        line.loseConnection()


def _is_event_stream(protocol: Any) -> bool:
    kinds = protocol.responseHeaders.getRawHeaders(b"content-type", [])
    return bool(protocol.startedWriting) and kinds[:1] == [b"text/event-stream"]
