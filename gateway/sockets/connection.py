"""Gateway connection of one account: connect, read events in order, reconnect."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from curl_cffi import CurlError
from discord.errors import DiscordException, HTTPException
from django.utils import timezone

from accounts.enums import AccountState
from accounts.state.changes import set_state, trouble, update_reason
from accounts.state.same_user import join
from gateway.discord.addresses import Addresses
from gateway.discord.direct_messages import found_in, open_missing
from gateway.discord.index_reader import is_known, read_index
from gateway.discord.rest import DiscordHttp, Identity, why_unreachable
from gateway.discord.socket import (
    ConnectionClosed,
    GatewaySocket,
    ReconnectWebSocket,
    connect,
)
from gateway.events.handlers import Recipient
from gateway.events.open_tasks import OpenTasks
from gateway.leases import note_session
from gateway.protocol.constants import Event
from gateway.queries.ask import sync_if_due
from gateway.sockets import handshake
from gateway.sockets.account_events import AccountEvents
from gateway.sockets.inbox import GREETINGS, Data, Entry
from gateway.sockets.outage import extend_deadlines
from gateway.sockets.read_marks import ReadMarks
from gateway.sockets.reconnect import Fatal, ReconnectPauses, Resume, connecting
from gateway.sockets.writer import Writer
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

READY_LIMIT: Final = 30.0  # seconds from opening a socket to READY or RESUMED
MAX_RESUMES: Final = 3
DOWN: Final = "The gateway connection is down"
# Closing with a code other than 1000 or 1001 keeps the session for a resume.
CLOSE_RESUMABLE: Final = 4000


@dataclass
class Connection:
    """Holds one account's socket until cancelled. Only a lease holder makes one."""

    identity: Identity
    addresses: Addresses
    fence: int
    resume: Resume
    connect_slots: asyncio.Semaphore  # of the process
    user_id: str = ""
    writer: Writer = field(default_factory=Writer)  # of the process
    http: DiscordHttp = field(init=False)
    read_marks: ReadMarks = field(init=False)
    events: AccountEvents = field(init=False)
    open_tasks: OpenTasks = field(default_factory=OpenTasks)
    socket: GatewaySocket | None = None
    is_live: bool = False
    repair_wanted: bool = False
    failed_repairs: int = 0
    pauses: ReconnectPauses = field(init=False)
    _indexing: asyncio.Task[None] | None = None
    _failure: Exception | None = None  # error while handling READY or RESUMED
    _saved_seq: int = 0
    _failed_resumes: int = 0
    _greeted: asyncio.Event = field(default_factory=asyncio.Event)
    _up: asyncio.Event = field(default_factory=asyncio.Event)  # open, and has greeted

    def __post_init__(self) -> None:
        self.http = DiscordHttp(self.identity, self.addresses)
        self.read_marks = ReadMarks(lambda: self.http)
        self.events = AccountEvents(
            lambda: self.recipient,
            self.fence,
            self.writer,
            self.read_marks,
            self._lost,
        )
        self.pauses = ReconnectPauses(self.account_id)

    @property
    def account_id(self) -> int:
        return self.identity.account_id

    @property
    def recipient(self) -> Recipient:
        channels = self.identity.channels
        return Recipient(self.account_id, self.user_id, channels, self.open_tasks)

    # --- life ------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected. Returns only when a person must act."""
        reader = asyncio.create_task(self._read_events())
        try:
            await self._stay_connected()
        except Fatal as fatal:
            await self._went_down()
            # Only the holder of the lease may change the account's state.
            if await in_thread(
                note_session, self.account_id, self.fence, is_live=False
            ):
                await self._in_trouble(fatal.state, fatal.reason)
        finally:
            reader.cancel()

    async def _in_trouble(self, state: AccountState, reason: str) -> None:
        """Record a trouble of this connection, unless the account was edited since."""
        met = partial(trouble, own=True, revision=self.identity.revision)
        await in_thread(met, self.account_id, state, reason)

    async def close(self) -> None:
        """Close the socket so that another process can resume the session."""
        if self.socket is not None:
            await self.socket.close(CLOSE_RESUMABLE)
        if (seq := self.take_seq()) is not None:
            await in_thread(note_session, self.account_id, self.fence, seq=seq)
        await self.read_marks.aclose()
        await self.http.aclose()

    async def _stay_connected(self) -> None:
        while True:
            self._greeted.clear()
            await self._went_down(await self._live_once())
            resumable = bool(self.resume.session_id)
            await asyncio.sleep(self.pauses.pause(resumable=resumable))

    async def _live_once(self) -> str:
        """Connect and read until the socket is gone; return the reason, or ""."""
        reason = ""
        try:
            await self._connect_once()
        except ReconnectWebSocket as again:
            if not again.resume:
                self.resume = Resume()
                await self._went_down()  # before the pause
                await asyncio.sleep(random.uniform(1, 5))  # noqa: S311
        except ConnectionClosed as closed:
            handshake.refuse_close(closed.code)
            self.resume = Resume()
        except (CurlError, OSError, TimeoutError) as exc:
            reason = why_unreachable(exc, proxied=bool(self.http.proxy))
            self.pauses.warn(reason)
        except HTTPException as exc:
            reason = handshake.reason_of_status(exc.status)
            self.pauses.warn(reason)
        except DiscordException as exc:  # probably a long rate limit
            reason = f"Discord cannot be reached ({type(exc).__name__})"
            self.pauses.warn(reason)
        except Fatal:
            raise
        except Exception as exc:
            return self._unforeseen(exc)
        failure, self._failure = self._failure, None
        if not (failure or reason or self._greeted.is_set()):
            self.pauses.warn(reason := handshake.NONE)
        return self._unforeseen(failure) if failure else reason

    def _unforeseen(self, error: Exception) -> str:
        """Count an unforeseen error; return its reason. Many raise Fatal."""
        reason = faults.reason_of(error)
        if faults.note(connecting(self.account_id), error):
            faults.over(connecting(self.account_id))
            raise Fatal(AccountState.PAUSED, reason)
        return "" if isinstance(error, faults.AWAY) else reason

    async def _connect_once(self) -> None:
        resumed, url = bool(self.resume.session_id), self.addresses.wss
        if resumed:
            url = self.addresses.resume(self.resume.url)
        else:
            await handshake.keep_pace(self.identity.token_digest)
            self._failed_resumes = 0
        async with self.connect_slots:
            self.socket = await asyncio.wait_for(self._open(url), READY_LIMIT)
        watch = asyncio.create_task(self._watch(self.socket))
        try:
            while True:
                await self.socket.poll_event()
        except ReconnectWebSocket:
            if resumed and not self._greeted.is_set():
                self._failed_resumes += 1
                if self._failed_resumes >= MAX_RESUMES:
                    self.resume = Resume()
            raise
        finally:
            watch.cancel()
            if self._indexing:
                self._indexing.cancel()
            await self.socket.close(CLOSE_RESUMABLE)
            self._up.clear()

    async def _open(self, url: str) -> GatewaySocket:
        if not self.user_id:
            self.user_id = (await self.http.me())["id"]
        return await connect(
            self.http,
            self._parsers(),
            url=url,
            session_id=self.resume.session_id,
            seq=self.resume.seq,
        )

    async def _watch(self, socket: GatewaySocket) -> None:
        """Close the socket if it does not greet in time, or misses heartbeats."""
        try:
            await asyncio.wait_for(self._greeted.wait(), READY_LIMIT)
        except TimeoutError:
            await socket.close(CLOSE_RESUMABLE)
            return
        while True:
            beat = socket._keep_alive
            await asyncio.sleep((beat.interval if beat else None) or 10)
            if socket.is_zombie():
                logger.warning("account %s: heartbeats not answered", self.account_id)
                await socket.close(CLOSE_RESUMABLE)
                return

    # --- events, called by the socket: queue them, never wait -------------------------

    def _parsers(self) -> dict[str, Callable[[Any], None]]:
        return {event.value: partial(self._receive, event.value) for event in Event}

    def _receive(self, event: str, data: Any) -> None:
        seq = (self.socket.sequence if self.socket else None) or 0
        seq = 0 if event == Event.READY else seq
        if event in (Event.READY, Event.RESUMED):
            self._up.set()
        self.events.receive(seq, event, data)

    async def _read_events(self) -> None:
        while True:
            entries = await self.events.inbox.next()
            try:
                handled = await self._process(entries)
            except Exception as exc:
                handled = True
                for _, event, _ in entries:
                    await self._lost(event, exc)
            if handled:
                self.resume.seq = max(seq for seq, *_ in entries) or self.resume.seq

    async def _lost(self, event: str, error: Exception) -> None:
        """Note an event that could not be handled; history will repeat it."""
        self.repair_wanted = True
        if event in GREETINGS and self.socket:
            self._failure = error
            await self.socket.close(CLOSE_RESUMABLE)
        else:
            faults.note(Work(f"event {event} of account", self.account_id), error)

    async def _process(self, entries: Sequence[Entry]) -> bool:
        """Handle a greeting, or other events; return False if the lease is lost."""
        _, event, data = entries[0]
        if event == Event.READY:
            await self._became_ready(data)
        elif event == Event.RESUMED:
            await self._go_live(unbroken=True)
        else:
            return await self.events.handle(entries)
        return True

    # --- up and down ------------------------------------------------------------------

    async def _became_ready(self, data: Data) -> None:
        user = data.get("user")
        if isinstance(user, dict) and user.get("id"):
            self.user_id = str(user["id"])
        self.resume = Resume(
            session_id=str(data.get("session_id") or ""),
            seq=1,
            url=str(data.get("resume_gateway_url") or ""),
        )
        await in_thread(found_in, self.account_id, data)
        if self.identity.is_anew:
            await open_missing(self.http, self.account_id)
        self.repair_wanted = True
        await self._go_live(unbroken=False)

    async def _go_live(self, *, unbroken: bool) -> None:
        """Become live once the commands are known; until then keep the socket open."""
        self._greeted.set()
        known = unbroken and await is_known(self.account_id)
        if reason := "" if known else await self._commands_missing():
            later = self._index_later(reason, unbroken=unbroken)
            self._indexing = asyncio.create_task(later)
        else:
            await self._became_live(unbroken=unbroken)

    async def _index_later(self, reason: str, *, unbroken: bool) -> None:
        """Read the command index with growing pauses, then become live."""
        attempt = 0
        try:
            while reason:
                attempt += 1
                await self._went_down(reason)
                await asyncio.sleep(backoff.delay(attempt, first=2.0))
                reason = await self._commands_missing()
            await self._became_live(unbroken=unbroken)
        except Exception as exc:
            await self._lost(Event.READY, exc)

    async def _commands_missing(self) -> str:
        """Read the commands; return a reason if none are known, new or old."""
        if not (reason := await read_index(self.http)):
            return ""
        self.pauses.warn(reason)
        return "" if await is_known(self.account_id) else reason

    async def _became_live(self, *, unbroken: bool) -> None:
        if not self._up.is_set():
            return  # the socket closed before its READY was handled
        self.pauses.up()
        self._failed_resumes = 0
        await in_thread(extend_deadlines, self.account_id)
        facts = {} if unbroken else {"unbroken_since": timezone.now()}
        held = await in_thread(
            note_session,
            self.account_id,
            self.fence,
            session_id=self.resume.session_id,
            seq=self.resume.seq,
            resume_url=self.resume.url,
            user_id=self.user_id,
            token_digest=self.identity.token_digest,
            is_live=True,
            revision=self.identity.revision,
            **facts,
        )
        if held:
            await in_thread(join, self.account_id, self.user_id)
            self.is_live = True
            if not self._up.is_set():  # closed while this was written
                await self._went_down()
                return
            await in_thread(set_state, self.account_id, AccountState.READY)
        if not unbroken:
            await in_thread(sync_if_due, self.account_id)

    async def _went_down(self, reason: str = "") -> None:
        """Record that the connection is down, if it was live or has a `reason`."""
        if not (self.is_live or reason):
            return
        facts = {"down_since": timezone.now()} if self.is_live else {}
        self.is_live = False
        held = await in_thread(
            note_session,
            self.account_id,
            self.fence,
            is_live=False,
            session_id=self.resume.session_id,
            **facts,
        )
        if held:
            said = f"{reason or DOWN}; it reconnects by itself"
            down = self.account_id, AccountState.DISCONNECTED, said
            if not await in_thread(set_state, *down) and reason:
                await in_thread(update_reason, *down)

    def take_seq(self) -> int | None:
        """Return the number of the last handled event, or None if it is saved."""
        if self.resume.seq == self._saved_seq or not self.resume.session_id:
            return None
        self._saved_seq = self.resume.seq
        return self._saved_seq
