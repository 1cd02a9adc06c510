"""Events of one account: queued, handled, and parked while they match no task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.events.handlers import Recipient
from gateway.protocol.constants import Event
from gateway.protocol.messages import looks_like_bot
from gateway.sockets.batches import Arrivals, Result
from gateway.sockets.inbox import Data, Entry, Inbox
from gateway.sockets.parked_events import Parked
from gateway.sockets.read_marks import ReadMarks
from gateway.sockets.writer import Writer


class AccountEvents:
    """Queue of received events, and the steps that handle the next ones.

    `failed` is called for an event whose handler raises.
    """

    def __init__(
        self,
        recipient: Callable[[], Recipient],
        fence: int,
        writer: Writer,
        read_marks: ReadMarks,
        failed: Callable[[str, Exception], Awaitable[None]],
    ) -> None:
        self.inbox = Inbox()
        self.parked = Parked()
        self._recipient = recipient
        self._fence = fence
        self._writer = writer
        self._read_marks = read_marks
        self._failed = failed

    def receive(self, seq: int, event: str, data: Any) -> None:
        """Queue an event, unless it is a message for others; never waits."""
        data = data if isinstance(data, dict) else {}
        if event.startswith("MESSAGE_") and not self._concerns(event, data):
            return
        self.inbox.put(seq, event, data)

    def _concerns(self, event: str, data: Data) -> bool:
        recipient = self._recipient()
        if event == Event.MESSAGE_UPDATE and recipient.open_tasks.is_foreign(
            data.get("id")
        ):
            return False
        here = data.get("channel_id") in recipient.channels
        author = data.get("author")
        if not isinstance(author, dict):
            return here
        # Seeds come as direct messages, which have no server id.
        return (here or not data.get("guild_id")) and looks_like_bot(author)

    async def handle(self, entries: Sequence[Entry]) -> bool:
        """Handle events in their order; return False if the account's lease is lost."""
        events = [(event, data) for _, event, data in entries]
        arrivals = Arrivals(self._recipient(), self._fence, events, Result(self.parked))
        result = await self._writer.write(arrivals)
        self.parked = result.parked
        for data in result.read:
            self._read_marks.saw(data)
        for event, error in result.lost:
            await self._failed(event, error)
        return result.is_held
