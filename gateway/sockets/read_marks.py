"""Mark channels as read, as a person at the screen would (docs/protocol.md)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from curl_cffi.requests.exceptions import RequestException
from discord.errors import DiscordException
from django.db import Error

from gateway.discord.rest import DiscordHttp
from gateway.models import GatewaySettings
from gateway.protocol.constants import MessageFlag
from gateway.sockets.inbox import Data
from mjproxy.lib.db.threads import in_thread

logger = logging.getLogger(__name__)

# Seconds, least and most: from a message to its acknowledgement, and between two.
GLANCE: Final = (1.5, 4.0)
REST: Final = (10.0, 20.0)
_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)


class ReadMarks:
    """Acknowledges the newest message that an account has seen, by channel.

    It sleeps until there is one. A failure is ignored, because the next message makes
    up for it.
    """

    def __init__(self, http: Callable[[], DiscordHttp]) -> None:
        self._http = http
        self._newest: dict[str, int] = {}
        self._work: asyncio.Task[None] | None = None

    def saw(self, data: Data) -> None:
        """Note a message as seen; never waits."""
        channel_id, message_id = data.get("channel_id"), str(data.get("id") or "")
        flags = data.get("flags")
        if isinstance(flags, int) and flags & MessageFlag.EPHEMERAL:
            return  # not part of the channel's history
        if not (isinstance(channel_id, str) and message_id.isdecimal()):
            return
        self._newest[channel_id] = max(self._newest.get(channel_id, 0), int(message_id))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._read())

    async def aclose(self) -> None:
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _read(self) -> None:
        await asyncio.sleep(random.uniform(*GLANCE))  # noqa: S311
        while self._newest:
            news, self._newest = self._newest, {}
            if await self._is_wanted():
                for channel_id, message_id in news.items():
                    await self._acknowledge(channel_id, str(message_id))
            await asyncio.sleep(random.uniform(*REST))  # noqa: S311

    async def _is_wanted(self) -> bool:
        try:
            return (await in_thread(GatewaySettings.get_solo)).acknowledge
        except Error:
            return False  # the database is away; acknowledging can wait

    async def _acknowledge(self, channel_id: str, message_id: str) -> None:
        try:
            await self._http().acknowledge(channel_id, message_id, days_since_2015())
        except (DiscordException, RequestException, OSError) as exc:
            logger.debug("channel %s not acknowledged: %r", channel_id, exc)


def days_since_2015() -> int:
    """Return the whole days since 2015-01-01 UTC, as `last_viewed` counts them."""
    return (datetime.now(tz=UTC) - _EPOCH).days
