"""Events of one account: queued, handled, and parked while they match no task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.events.handlers import Outcome, Recipient, handle
from gateway.protocol.messages import looks_like_bot
from gateway.sockets.inbox import Data, Inbox
from gateway.sockets.parked_events import Parked
from gateway.sockets.read_marks import ReadMarks
from mjproxy.lib.db.threads import in_thread


class AccountEvents:
    """Queue of received events, and the steps that handle one of them.

    `failed` is called for a parked event whose handler raises.
    """

    def __init__(
        self,
        recipient: Callable[[], Recipient],
        read_marks: ReadMarks,
        failed: Callable[[str, Exception], Awaitable[None]],
    ) -> None:
        self.inbox = Inbox()
        self.parked = Parked()
        self._recipient = recipient
        self._read_marks = read_marks
        self._failed = failed

    def receive(self, seq: int, event: str, data: Any) -> None:
        """Queue an event, unless it is a message for others; never waits."""
        data = data if isinstance(data, dict) else {}
        if event.startswith("MESSAGE_") and not self._concerns(data):
            return
        self.inbox.put(seq, event, data)

    def _concerns(self, data: Data) -> bool:
        here = data.get("channel_id") in self._recipient().channels
        author = data.get("author")
        if not isinstance(author, dict):
            return here
        # Seeds come as direct messages, which have no server id.
        return (here or not data.get("guild_id")) and looks_like_bot(author)

    async def handle(self, event: str, data: Data) -> None:
        """Handle an event; then try the parked ones again if it taught something."""
        outcome = await in_thread(handle, self._recipient(), event, data)
        if outcome is Outcome.UNRESOLVED:
            self.parked.put(event, data)
            if data.get("embeds"):  # perhaps a notice without a task
                self._read_marks.saw(data)
            return
        if outcome is Outcome.READ:
            self._read_marks.saw(data)
        if outcome is not Outcome.NOT_OURS and self.parked:
            await self._retry_parked()

    async def _retry_parked(self) -> None:
        for entry in self.parked.take():
            _, event, data = entry
            try:
                outcome = await in_thread(handle, self._recipient(), event, data)
            except Exception as exc:
                await self._failed(event, exc)
                continue
            if outcome is Outcome.UNRESOLVED:
                self.parked.put_back(entry)
            elif outcome is Outcome.READ:
                self._read_marks.saw(data)
