"""One account's life on the gateway: connect, read events in order, come back."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from curl_cffi import CurlError
from curl_cffi.requests.exceptions import RequestException
from discord.errors import HTTPException
from django.utils import timezone

from accounts.enums import AccountState
from accounts.joining import join
from accounts.standing import retell, set_state, trouble
from gateway.addresses import Addresses
from gateway.asking import sync_if_due
from gateway.commands import has_index, save_index
from gateway.direct import found_in, open_missing
from gateway.handlers import Outcome, Speaker, handle
from gateway.http import DiscordHttp, Identity, why_unreachable
from gateway.inbox import Inbox
from gateway.leases import note_session
from gateway.outage import extend_deadlines
from gateway.protocol import backoff
from gateway.protocol.constants import Event
from gateway.protocol.messages import looks_like_bot
from gateway.reading import Reader
from gateway.refusals import Fatal, check_close
from gateway.socket import (
    ConnectionClosed,
    GatewaySocket,
    ReconnectWebSocket,
    connect,
)
from tasks.database import in_thread

logger = logging.getLogger(__name__)

READY_LIMIT: Final = 30.0  # seconds from opening a socket to READY or RESUMED
IDENTIFY_PACE: Final = 5.5
MAX_RESUMES: Final = 3
PARK_SECONDS: Final = 60.0
PARK_SIZE: Final = 500
DOWN: Final = "The gateway connection is down"
# Closing with a code other than 1000 or 1001 keeps the session for a resume.
CLOSE_RESUMABLE: Final = 4000
# When each token may identify again: rows of one Discord user have the same one.
_next_identify: dict[str, float] = {}


@dataclass
class Resume:
    """What a socket needs to go on where the last one ended."""

    session_id: str = ""
    seq: int = 0
    url: str = ""


@dataclass
class Connection:
    """Holds one account's socket until cancelled. Only the lease holder makes one."""

    identity: Identity
    addresses: Addresses
    fence: int
    resume: Resume
    door: asyncio.Semaphore
    user_id: str = ""
    http: DiscordHttp = field(init=False)
    reader: Reader = field(init=False)
    socket: GatewaySocket | None = None
    is_live: bool = False
    repair_wanted: bool = False
    inbox: Inbox = field(default_factory=Inbox)
    _parked: deque[tuple[float, str, dict[str, Any]]] = field(
        default_factory=lambda: deque(maxlen=PARK_SIZE)
    )
    _saved_seq: int = 0
    _failed_resumes: int = 0
    _greeted: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.http = DiscordHttp(self.identity, self.addresses)
        self.reader = Reader(lambda: self.http)

    @property
    def account_id(self) -> int:
        return self.identity.account_id

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.account_id, self.user_id, self.identity.channels)

    # --- life ------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected. Returns only where a person must act."""
        reader = asyncio.create_task(self._read_events())
        try:
            await self._stay_connected()
        except Fatal as fatal:
            await self._went_down()
            # Of two processes only the holder of the lease may speak for it.
            if await in_thread(
                note_session, self.account_id, self.fence, is_live=False
            ):
                await self._in_trouble(fatal.state, fatal.reason)
        finally:
            reader.cancel()

    async def _in_trouble(self, state: AccountState, reason: str) -> None:
        """Note what this very connection met, unless the account was edited since."""
        met = partial(trouble, own=True, revision=self.identity.revision)
        await in_thread(met, self.account_id, state, reason)

    async def close(self) -> None:
        """Close the socket so that another process can resume the session."""
        if self.socket is not None:
            await self.socket.close(CLOSE_RESUMABLE)
        if (seq := self.take_seq()) is not None:
            await in_thread(note_session, self.account_id, self.fence, seq=seq)
        await self.reader.aclose()
        await self.http.aclose()

    async def _stay_connected(self) -> None:
        attempt = 0
        while True:
            reason = ""
            self._greeted.clear()
            try:
                await self._connect_once()
            except ReconnectWebSocket as again:
                if not again.resume:
                    self.resume = Resume()
                    await asyncio.sleep(random.uniform(1, 5))  # noqa: S311
            except ConnectionClosed as closed:
                self._check_close(closed.code)
            except (CurlError, OSError, TimeoutError) as exc:
                reason = why_unreachable(exc, proxied=bool(self.http.proxy))
                logger.warning("account %s: %s", self.account_id, reason)
            except HTTPException as exc:
                reason = self._check_status(exc)
            except Fatal:
                raise
            except Exception:
                logger.exception("account %s: connection failed", self.account_id)
            was_up = self._greeted.is_set()
            await self._went_down(reason)
            attempt = 1 if was_up else attempt + 1
            wait = 0.1 if was_up and self.resume.session_id else backoff.delay(attempt)
            await asyncio.sleep(wait)

    async def _connect_once(self) -> None:
        url = (
            self.addresses.resume(self.resume.url)
            if self.resume.session_id
            else self.addresses.wss
        )
        resumed = bool(self.resume.session_id)
        if not resumed:
            await self._keep_identify_pace()
        async with self.door:
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
            await self.socket.close(CLOSE_RESUMABLE)

    async def _open(self, url: str) -> GatewaySocket:
        if not self.user_id:
            self.user_id = str((await self.http.me())["id"])
        return await connect(
            self.http,
            self._parsers(),
            url=url,
            session_id=self.resume.session_id,
            seq=self.resume.seq,
        )

    async def _keep_identify_pace(self) -> None:
        """Discord wants five seconds between two IDENTIFYs of a token."""
        now = asyncio.get_running_loop().time()
        moment = max(now, _next_identify.get(self.identity.token_digest, now))
        _next_identify[self.identity.token_digest] = moment + IDENTIFY_PACE
        await asyncio.sleep(moment - now)
        self._failed_resumes = 0

    async def _watch(self, socket: GatewaySocket) -> None:
        """Close a socket that never greets, or whose heartbeats are not answered."""
        try:
            await asyncio.wait_for(self._greeted.wait(), READY_LIMIT)
        except TimeoutError:
            await socket.close(CLOSE_RESUMABLE)
            return
        while True:
            beat = socket._keep_alive
            await asyncio.sleep((beat.interval if beat else None) or 10)
            if socket.is_zombie():
                logger.warning("account %s: heartbeats unanswered", self.account_id)
                await socket.close(CLOSE_RESUMABLE)
                return

    def _check_close(self, code: int | None) -> None:
        check_close(code)
        self.resume = Resume()

    def _check_status(self, error: HTTPException) -> str:
        if error.status == 401:
            raise Fatal(AccountState.INVALID_TOKEN, "Discord refuses the token (401)")
        logger.warning("account %s: Discord %s", self.account_id, error.status)
        if error.status == 407:
            return "The proxy refuses the name or the password (407)"
        return f"Discord answers {error.status}"

    # --- events, in the socket's own call: hand over, never wait ----------------------

    def _parsers(self) -> dict[str, Callable[[Any], None]]:
        def queue(event: str) -> Callable[[Any], None]:
            return lambda data: self._receive(event, data)

        return {event.value: queue(event.value) for event in Event}

    def _receive(self, event: str, data: Any) -> None:
        seq = (self.socket.sequence if self.socket else None) or 0
        if event == Event.READY:
            seq = 0
        if not isinstance(data, dict):
            data = {}
        if event.startswith("MESSAGE_") and not self._concerns(data):
            return
        self.inbox.put(seq, event, data)

    def _concerns(self, data: dict[str, Any]) -> bool:
        here = data.get("channel_id") in self.identity.channels
        author = data.get("author")
        if not isinstance(author, dict):
            return here
        # Seeds come as direct messages: those name no server.
        return (here or not data.get("guild_id")) and looks_like_bot(author)

    async def _read_events(self) -> None:
        while True:
            seq, event, data = await self.inbox.next()
            try:
                await self._process(event, data)
            except Exception:
                # The database is away, or an unknown shape: history will tell.
                logger.exception("account %s: event %s lost", self.account_id, event)
                self.repair_wanted = True
                if event in (Event.READY, Event.RESUMED) and self.socket:
                    await self.socket.close(CLOSE_RESUMABLE)
            if seq:
                self.resume.seq = seq

    async def _process(self, event: str, data: dict[str, Any]) -> None:
        if event == Event.READY:
            await self._became_ready(data)
        elif event == Event.RESUMED:
            if not await in_thread(has_index, self.account_id):
                await self._refresh_commands()
            await self._became_live(unbroken=True)
        else:
            outcome = await in_thread(handle, self.speaker, event, data)
            await self._after(outcome, event, data)

    async def _after(self, outcome: Outcome, event: str, data: dict[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        if outcome is Outcome.UNRESOLVED:
            self._parked.append((now + PARK_SECONDS, event, data))
            if data.get("embeds"):  # a notice, perhaps of nobody's task
                self.reader.saw(data)
            return
        if outcome is Outcome.READ:
            self.reader.saw(data)
        if outcome is not Outcome.NOT_OURS and self._parked:
            await self._retry_parked(now)

    async def _retry_parked(self, now: float) -> None:
        waiting = [entry for entry in self._parked if entry[0] > now]
        self._parked.clear()
        for entry in waiting:
            outcome = await in_thread(handle, self.speaker, entry[1], entry[2])
            if outcome is Outcome.UNRESOLVED:
                self._parked.append(entry)
            elif outcome is Outcome.READ:
                self.reader.saw(entry[2])

    # --- up and down ------------------------------------------------------------------

    async def _became_ready(self, data: dict[str, Any]) -> None:
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
        await self._refresh_commands()
        await self._became_live(unbroken=False)
        self.repair_wanted = True
        await in_thread(sync_if_due, self.account_id)

    async def _refresh_commands(self) -> None:
        """Read the command index; raises where none is kept either: not ready yet."""
        try:
            commands = await self.http.command_index(self.identity.guild_id)
        except HTTPException as exc:
            logger.warning("account %s: command index: %s", self.account_id, exc.status)
            if exc.status in (403, 404):
                reason = f"Discord shows no commands in this server ({exc.status})"
                await self._in_trouble(AccountState.PAUSED, reason)
            elif not await in_thread(has_index, self.account_id):
                raise
        except (RequestException, OSError, KeyError, TypeError) as exc:
            logger.warning("account %s: command index: %r", self.account_id, exc)
            if not await in_thread(has_index, self.account_id):
                raise
        else:
            await in_thread(save_index, self.account_id, commands)

    async def _became_live(self, *, unbroken: bool) -> None:
        self._greeted.set()
        self._failed_resumes = 0
        await in_thread(extend_deadlines, self.account_id)
        facts: dict[str, Any] = {} if unbroken else {"unbroken_since": timezone.now()}
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
            await in_thread(set_state, self.account_id, AccountState.READY)

    async def _went_down(self, reason: str = "") -> None:
        """Say so, where it was up, or where there is a reason that it did not come."""
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
            said = f"{reason or DOWN}; it is tried again by itself"
            down = self.account_id, AccountState.DISCONNECTED, said
            if not await in_thread(set_state, *down) and reason:
                await in_thread(retell, *down)

    def take_seq(self) -> int | None:
        """Return how far the events are processed, for whoever resumes, if that is new.

        Who takes it writes it.
        """
        if self.resume.seq == self._saved_seq or not self.resume.session_id:
            return None
        self._saved_seq = self.resume.seq
        return self._saved_seq
