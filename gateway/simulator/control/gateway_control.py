"""Control API below `/_sim/gateway`: close, pause and resume sockets."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.simulator.base import wire
from gateway.simulator.base.constants import Op
from gateway.simulator.base.wire import Json
from gateway.simulator.discord.gateway import Hub
from gateway.simulator.discord.sessions import Connection, Session
from gateway.simulator.http.answers import answer
from gateway.simulator.state.core import Core

Act = Callable[[Session, Connection, Json], None]


@dataclass
class GatewayControl:
    """Endpoints for sockets.

    Each acts on all connected sessions, or on those of one account.
    """

    core: Core
    hub: Hub

    def routes(self) -> dict[str, Callable[[web.Request], Awaitable[web.Response]]]:
        verbs: dict[str, Act] = {
            "close": self._close,
            "reconnect": self._reconnect,
            "invalid_session": self._invalid,
            "pause": self._pause,
            "resume": self._resume,
            "drop": self._drop,
            "heartbeat": self._heartbeat,
        }
        return {
            f"POST /_sim/gateway/{verb}": self._endpoint(verbs[verb]) for verb in verbs
        }

    def _endpoint(self, act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            raw = await request.read()
            body: Json = wire.load(raw) if raw else {}
            account = None
            if "account" in body:
                account = self.core.account(str(body["account"]))
                if account is None:
                    return answer({"error": "there is no such account"}, 400)
            if "seconds" in body:
                key = account.user_id if account else ""
                self.hub.refuse_until[key] = time.monotonic() + float(body["seconds"])
            sessions = [s for s in self.hub.of(account) if s.connection is not None]
            for session in sessions:
                if session.connection is not None:
                    act(session, session.connection, body)
            return answer({"sessions": [session.id for session in sessions]})

        return handler

    def _close(self, session: Session, connection: Connection, body: Json) -> None:
        if body.get("resumable") is False:
            self.hub.end(session)
        connection.close(int(body.get("code", 4000)), "Closed by the test.")

    def _reconnect(self, session: Session, connection: Connection, body: Json) -> None:
        connection.send(Op.RECONNECT, None)

    def _invalid(self, session: Session, connection: Connection, body: Json) -> None:
        resumable = bool(body.get("resumable", False))
        if not resumable:
            self.hub.end(session)
            connection.session = None  # it may identify again on the same socket
        connection.send(Op.INVALID_SESSION, resumable)

    def _pause(self, session: Session, connection: Connection, body: Json) -> None:
        connection.acks = False
        connection.silent = bool(body.get("silent", False))

    def _resume(self, session: Session, connection: Connection, body: Json) -> None:
        connection.acks = True
        connection.silent = False

    def _drop(self, session: Session, connection: Connection, body: Json) -> None:
        if body.get("resumable") is False:
            self.hub.end(session)
        connection.cut(mid_frame=bool(body.get("mid_frame", False)))

    def _heartbeat(self, session: Session, connection: Connection, body: Json) -> None:
        connection.send(Op.HEARTBEAT, None)
