"""Gateway sessions and their sockets."""

import asyncio
import time
import zlib
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.constants import Op
from gateway.simulator.base.wire import Json
from gateway.simulator.state.accounts import Account


@dataclass
class Buffered:
    """An event kept for a replay."""

    s: int
    t: str
    payload: bytes
    at: float


class Connection:
    """One websocket. One writer sends all payloads, so their order is kept."""

    def __init__(
        self, ws: web.WebSocketResponse, request: web.Request, frames: int
    ) -> None:
        self.ws = ws
        self.request = request
        self.entry = request.path
        self.session: Session | None = None
        self.greeted = False
        self.acks = True
        self.close_code: int | None = None  # set if this side closed first
        self.silent = False
        self.last_heartbeat = time.monotonic()
        self.heartbeats = 0
        self.sent: deque[float] = deque(maxlen=1000)
        self._frames = max(1, frames)
        compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if compressed else None
        self._queue: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()

    def put(self, payload: bytes) -> None:
        self._queue.put_nowait(payload)

    def send(self, op: Op, d: object) -> None:
        self.put(wire.dump({"op": int(op), "d": d, "s": None, "t": None}))

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket after everything queued before has been written."""
        self._queue.put_nowait((code, reason))

    def cut(self, *, mid_frame: bool = False) -> None:
        """Reset the TCP connection; with `mid_frame`, after half a frame."""
        transport = self.request.transport
        if transport is None:
            return
        if mid_frame:
            transport.write(b"\x82\x7e\x10\x00" + bytes(64))
            transport.close()
            return
        transport.abort()

    async def write(self) -> None:
        """Write queued payloads until the socket is closed."""
        while not self.ws.closed:
            item = await self._queue.get()
            if isinstance(item, tuple):
                self.close_code = item[0]
                await self.ws.close(code=item[0], message=item[1].encode())
                return
            try:
                await self._write(item)
            except (ConnectionError, RuntimeError):
                return

    async def _write(self, payload: bytes) -> None:
        if self._deflate is None:
            await self.ws.send_str(payload.decode())
            return
        data = self._deflate.compress(payload)
        data += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        size = -(-len(data) // self._frames)
        for start in range(0, len(data), size):
            await self.ws.send_bytes(data[start : start + size])


@dataclass
class Session:
    """A session, which outlives its connection for the resume window."""

    id: str
    account: Account
    buffer: deque[Buffered]
    connection: Connection | None = None
    seq: int = 0
    lost_at: float | None = None
    ended: bool = False
    properties: Json = field(default_factory=dict)
    resumes: int = 0

    @property
    def live(self) -> bool:
        return self.connection is not None and not self.ended

    def dispatch(self, name: str, d: bytes, *, again: bool = False) -> int:
        """Send one event and keep it for a resume; returns its sequence number.

        `again` repeats the last number, as a faulty server would.
        """
        if not again:
            self.seq += 1
        payload = b'{"op":0,"t":"%s","s":%d,"d":%s}' % (name.encode(), self.seq, d)
        self.buffer.append(Buffered(self.seq, name, payload, time.monotonic()))
        if self.connection is not None and not self.connection.silent:
            self.connection.put(payload)
        return self.seq

    def lose(self) -> None:
        """Record that the connection is gone; the session waits for a resume."""
        self.connection = None
        self.lost_at = time.monotonic()

    def missed(self, seq: int, window: float) -> list[Buffered] | None:
        """Return the events after `seq`, or None if some are no longer kept.

        `window` is in seconds.
        """
        oldest = time.monotonic() - window
        events = [e for e in self.buffer if e.s > seq and e.at >= oldest]
        have = len({e.s for e in events})
        return events if have == self.seq - seq else None

    def as_dict(self) -> Json:
        connection = self.connection
        return {
            "session_id": self.id,
            "account": self.account.name,
            "connected": self.live,
            "seq": self.seq,
            "resumes": self.resumes,
            "entry": connection.entry if connection else None,
            "heartbeats": connection.heartbeats if connection else 0,
            "user_agent": connection.request.headers.get("User-Agent")
            if connection
            else None,
            "properties": self.properties,
        }
