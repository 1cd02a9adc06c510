"""Gateway socket: the library's, which greets after Hello and passes raw events on."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import yarl
from discord.errors import ConnectionClosed
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from gateway.discord.rest import DiscordHttp
from gateway.discord.transport.frames import Messages

logger = logging.getLogger(__name__)

# Seconds without any frame after which the connection counts as dead.
SILENCE_LIMIT: Final = 60.0

__all__ = ["ConnectionClosed", "GatewaySocket", "ReconnectWebSocket", "connect"]


class GatewaySocket(DiscordWebSocket):
    """The library's socket, which identifies only after Hello, as Discord asks."""

    _greet: Callable[[], Coroutine[Any, Any, None]] | None = None

    def __init__(self, socket: Any, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(Messages(socket, silence=SILENCE_LIMIT), loop=loop)  # type: ignore[arg-type]

    async def identify(self) -> None:
        self._greet = super().identify

    async def resume(self) -> None:
        self._greet = super().resume

    async def received_message(self, msg: Any, /) -> None:
        await super().received_message(msg)
        if self._greet and self._keep_alive:
            self._keep_alive.heartbeat_timeout = SILENCE_LIMIT
            greet, self._greet = self._greet, None
            await greet()

    def is_zombie(self) -> bool:
        """Return True if two heartbeats in a row were not acknowledged."""
        beat = self._keep_alive
        if beat is None or not beat.interval:
            return False
        return time.perf_counter() - beat._last_ack > 2 * beat.interval + 1


class _Library:
    """The attributes that the library's socket reads of its client, without caches."""

    def __init__(
        self, http: DiscordHttp, parsers: dict[str, Callable[[Any], None]]
    ) -> None:
        self.http = http
        self.loop = asyncio.get_running_loop()
        self.parsers = parsers
        self._connection = self
        self._enable_debug_events = False
        # `Messages` has the limit: here it would cost a task for each message.
        self.heartbeat_timeout = None
        self._afk = False
        self.idle_since = 0
        self._idle_since = 0
        self.current_session = None

    def dispatch(self, *_: Any, **__: Any) -> None:
        """Do nothing: there are no listeners."""

    async def call_hooks(self, *_: Any, **__: Any) -> None:
        """Do nothing: there are no hooks."""

    def _update_references(self, _: Any) -> None:
        """Do nothing: there are no voice clients."""


async def connect(
    http: DiscordHttp,
    parsers: dict[str, Callable[[Any], None]],
    *,
    url: str,
    session_id: str = "",
    seq: int = 0,
) -> GatewaySocket:
    """Open a socket, and send RESUME with a session id, else IDENTIFY.

    `parsers` maps event names to functions that are called with the raw payload, in
    order. They must not block.
    """
    client: Any = _Library(http, parsers)
    return await GatewaySocket.from_client(
        client,
        initial=True,
        gateway=yarl.URL(url),
        session=session_id or None,
        sequence=seq or None,
        resume=bool(session_id),
    )
