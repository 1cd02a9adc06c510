"""Gateway: sessions, identify, resume, heartbeats and delivery of events."""

import asyncio
import time
from collections import defaultdict, deque
from typing import Any

from aiohttp import WSMsgType, web

from gateway.simulator.base import wire
from gateway.simulator.base.constants import Op
from gateway.simulator.base.wire import Json
from gateway.simulator.discord.ready import ready, ready_supplemental
from gateway.simulator.discord.sessions import Connection, Session
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Event

LAST_OP = 50  # Discord has more opcodes than `Op` names


class Hub:
    """All sessions, and the websocket endpoint that serves them."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.refuse_until: dict[str, float] = {}  # user id, or "" for everybody
        self._by_user: dict[str, dict[str, Session]] = defaultdict(dict)
        self._identified: dict[str, float] = {}
        self._arrivals: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=100))
        core.ledger.sessions = self.live_count

    def live_count(self) -> int:
        return sum(session.live for session in self.sessions.values())

    def of(self, account: Account | None) -> list[Session]:
        """Return the sessions of one account, or all if it is None."""
        if account is None:
            return list(self.sessions.values())
        return list(self._by_user[account.user_id].values())

    def find(self, session_id: str, account: Account) -> Session | None:
        """Return the account's session of this id, or None if it has ended."""
        session = self.sessions.get(session_id)
        if session is None or session.account is not account or self._over(session):
            return None
        return session

    # Delivery

    def deliver(self, event: Event) -> None:
        """Send the event to every session that may see it."""
        plain = wire.dump(event.d)
        own = plain
        if event.nonce is not None:
            own = wire.dump({**event.d, "nonce": event.nonce})
        for session in self._targets(event):
            mine = event.owner is session.account
            for copy in range(event.copies):
                again = copy > 0 and event.same_s
                s = session.dispatch(event.name, own if mine else plain, again=again)
                self.core.ledger.dispatch(session.id, s, event.name, event.d.get("id"))

    def _targets(self, event: Event) -> list[Session]:
        if event.session_id is not None:
            session = self.sessions.get(event.session_id)
            return [session] if session is not None and not self._over(session) else []
        channel = self.core.world.channels.get(event.channel_id or "")
        if channel is None:
            return []
        sessions = [
            session
            for user_id in channel.members
            for session in list(self._by_user[user_id].values())
        ]
        return [session for session in sessions if not self._over(session)]

    def _over(self, session: Session) -> bool:
        window = self.core.knobs.resume_window
        lost = session.lost_at is not None and session.connection is None
        if lost and time.monotonic() - (session.lost_at or 0) > window:
            self.end(session)
        return session.ended

    def end(self, session: Session) -> None:
        """Forget the session, so that it cannot be resumed."""
        session.ended = True
        session.buffer.clear()
        self.sessions.pop(session.id, None)
        self._by_user[session.account.user_id].pop(session.id, None)
        self.core.ledger.changed()

    # Sockets

    async def endpoint(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it closes."""
        if self._refused(""):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        ws = web.WebSocketResponse(max_msg_size=1 << 16, compress=False, timeout=1.0)
        await ws.prepare(request)
        connection = Connection(ws, request, self.core.knobs.split_frames)
        self.connections.add(connection)
        hello = asyncio.create_task(self._hello(connection))
        writer = asyncio.create_task(connection.write())
        watcher = asyncio.create_task(self._watch(connection))
        try:
            await self._read(connection)
        finally:
            for task in (hello, watcher, writer):
                task.cancel()
            self.connections.discard(connection)
            self._closed(connection)
        return ws

    async def shut(self) -> None:
        """Close all sockets with code 1001, as a server does when it stops."""
        closing = [c.ws.close(code=1001) for c in self.connections]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _hello(self, connection: Connection) -> None:
        delay = self.core.knobs.hello_delay
        if delay:
            await asyncio.sleep(delay)
        connection.greeted = True
        interval = int(self.core.knobs.heartbeat_interval * 1000)
        connection.send(
            Op.HELLO, {"heartbeat_interval": interval, "_trace": ['["gateway-sim"]']}
        )

    async def _read(self, connection: Connection) -> None:
        async for message in connection.ws:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            if self._too_fast(connection):
                connection.close(4008, "Rate limited.")
                continue
            try:
                payload = wire.load(message.data)
                op, d = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError):
                connection.close(4002, "Error while decoding payload.")
                continue
            self._receive(connection, op, d)

    def _too_fast(self, connection: Connection) -> bool:
        now, sent = time.monotonic(), connection.sent
        sent.append(now)
        while sent and now - sent[0] > 60:
            sent.popleft()
        return len(sent) > self.core.knobs.send_limit

    def _receive(self, connection: Connection, op: Any, d: Any) -> None:
        if op == Op.HEARTBEAT:
            connection.last_heartbeat = time.monotonic()
            connection.heartbeats += 1
            if connection.acks:
                connection.send(Op.HEARTBEAT_ACK, None)
        elif op == Op.IDENTIFY:
            self._identify(connection, d)
        elif op == Op.RESUME:
            self._resume(connection, d)
        elif not isinstance(op, int) or not 0 <= op <= LAST_OP:
            connection.close(4001, "Unknown opcode.")
        elif connection.session is None:
            connection.close(4003, "Not authenticated.")

    def _closed(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        code = connection.close_code or connection.ws.close_code
        if code in (1000, 1001) and not session.ended:
            self.end(session)
            return
        session.lose()
        self.core.ledger.changed()

    async def _watch(self, connection: Connection) -> None:
        """Close the connection with 4009 if its heartbeats stop."""
        while True:
            knobs = self.core.knobs
            await asyncio.sleep(knobs.heartbeat_interval)
            silence = time.monotonic() - connection.last_heartbeat
            if silence > knobs.heartbeat_interval * knobs.heartbeat_misses:
                self.core.ledger.violation("heartbeat_missing", silence=silence)
                connection.close(4009, "Session timed out.")
                return

    def _refused(self, user_id: str) -> bool:
        return self.refuse_until.get(user_id, 0.0) > time.monotonic()

    def _enter(self, connection: Connection, d: Any) -> Account | None:
        """Return the account behind an identify or resume.

        If it is refused, close the connection and return None.
        """
        if not connection.greeted:
            self.core.ledger.violation("identify_before_hello")
        if connection.session is not None:
            connection.close(4005, "Already authenticated.")
            return None
        token = str(d.get("token", "")) if isinstance(d, dict) else ""
        account = self.core.world.by_token.get(token)
        if account is None or account.revoked:
            self._dead_token(token, account)
            connection.close(4004, "Authentication failed.")
            return None
        if self._refused(account.user_id):
            connection.cut()
            return None
        self._storm(account)
        return account

    def _dead_token(self, token: str, account: Account | None) -> None:
        arrivals = self._arrivals[f"dead/{token}"]
        if arrivals:
            name = account.name if account else "unknown"
            self.core.ledger.violation("reconnect_after_4004", account=name)
        arrivals.append(time.monotonic())

    def _storm(self, account: Account) -> None:
        now, arrivals = time.monotonic(), self._arrivals[account.user_id]
        arrivals.append(now)
        recent = sum(now - moment < 10 for moment in arrivals)
        if recent > self.core.knobs.storm_limit:
            self.core.ledger.violation("reconnect_storm", account=account.name)

    def _identify(self, connection: Connection, d: Any) -> None:
        account = self._enter(connection, d)
        if account is None:
            return
        last, now = self._identified.get(account.user_id), time.monotonic()
        if last is not None and now - last < self.core.knobs.identify_gap:
            self.core.ledger.violation(
                "identify_too_often", account=account.name, gap=now - last
            )
        self._identified[account.user_id] = now
        session = self._new_session(account, d.get("properties") or {})
        self._attach(session, connection)
        self._greet(session, connection)

    def _new_session(self, account: Account, properties: Json) -> Session:
        size = self.core.knobs.resume_buffer
        session = Session(
            self.core.ids.hex(), account, deque(maxlen=size), properties=properties
        )
        self.sessions[session.id] = session
        self._by_user[account.user_id][session.id] = session
        return session

    def _attach(self, session: Session, connection: Connection) -> None:
        old, session.connection = session.connection, connection
        if old is not None:
            old.close(4000, "Replaced.")
        connection.session = session
        session.lost_at = None
        self.core.ledger.changed()

    def _greet(self, session: Session, connection: Connection) -> None:
        for name, d in (
            ("READY", ready(self.core, session)),
            ("READY_SUPPLEMENTAL", ready_supplemental(self.core, session)),
        ):
            s = session.dispatch(name, wire.dump(d))
            self.core.ledger.dispatch(session.id, s, name, None)

    def _resume(self, connection: Connection, d: Any) -> None:
        account = self._enter(connection, d)
        if account is None:
            return
        if not connection.entry.startswith("/gateway-resume"):
            self.core.ledger.violation("resume_at_entry_url", account=account.name)
        session = self.find(str(d.get("session_id", "")), account)
        if session is None or self.core.knobs.refuse_resume:
            if session is not None:
                self.end(session)
            connection.send(Op.INVALID_SESSION, False)
            return
        seq = int(d.get("seq") or 0)
        if seq > session.seq:
            connection.close(4007, "Invalid seq.")
            return
        missed = session.missed(seq, self.core.knobs.resume_window)
        if missed is None:
            self.end(session)
            connection.send(Op.INVALID_SESSION, False)
            return
        session.resumes += 1
        self._attach(session, connection)
        for event in missed:
            for _ in range(2 if self.core.knobs.replay_twice else 1):
                connection.put(event.payload)
        s = session.dispatch("RESUMED", wire.dump({"_trace": ['["gateway-sim"]']}))
        self.core.ledger.dispatch(session.id, s, "RESUMED", None)
