"""A raw client: one account's socket and REST calls, without any library of ours."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from gateway.simulator.app import Simulator
from gateway.simulator.base.config import Config
from gateway.simulator.base.constants import MIDJOURNEY
from gateway.simulator.state.accounts import AccountSpec, default_accounts

Json = dict[str, Any]
IMAGINE = ("938956540159881230", "1237876415471554623")
FAST = {"http_latency": 0, "identify_gap": 0, "storm_limit": 1000}


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Simulator]:
    """A simulator that is quick and repeatable, unless `options` say otherwise."""
    options = {"seed": 7, "speed": 200.0, "picture_size": 64, **options}
    options["knobs"] = {**FAST, **options.get("knobs", {})}
    simulator = Simulator(Config(**options))
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


class Client:
    """A connected account. Events are kept in `events`, in the order of arrival."""

    def __init__(
        self, url: str, http: aiohttp.ClientSession, spec: AccountSpec
    ) -> None:
        self.url = url
        self.http = http
        self.spec = spec
        self.events: list[Json] = []
        self.frames: list[Json] = []
        self.ready: Json = {}
        self.seq = 0
        self._nonce = 1290000000000000000
        self._arrived = asyncio.Condition()
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(
        self, *, path: str = "/gateway", resume: bool = False, compress: bool = True
    ) -> None:
        """Open the socket and identify or resume; waits for the answer to it."""
        query = "?encoding=json&v=9" + ("&compress=zlib-stream" if compress else "")
        self._ws = await self.http.ws_connect(self.url + path + "/" + query)
        self._reader = asyncio.create_task(self._read(self._ws))
        await self.frame(lambda frame: frame["op"] == 10)
        token = self.spec.user_token
        if resume:
            await self.send(
                6,
                {"token": token, "session_id": self.session_id, "seq": self.seq},
            )
            return
        await self.send(2, {"token": token, "properties": {"os": "Windows"}})
        self.ready = await self.event("READY")

    async def send(self, op: int, d: Any) -> None:
        assert self._ws is not None
        await self._ws.send_str(json.dumps({"op": op, "d": d}))

    async def disconnect(self, code: int = 4000) -> None:
        assert self._ws is not None
        assert self._reader is not None
        # A reader that is still busy would close the socket first, with 1000.
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._ws.close(code=code)

    async def gone(self) -> int | None:
        """Wait until the socket is closed; returns the close code."""
        assert self._ws is not None
        assert self._reader is not None
        await self._reader
        return self._ws.close_code

    @property
    def session_id(self) -> str:
        return str(self.ready["session_id"])

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        inflater, buffer = zlib.decompressobj(), b""
        self.frames = []
        async for message in ws:
            text = message.data
            if message.type is aiohttp.WSMsgType.BINARY:
                buffer += message.data
                if not buffer.endswith(b"\x00\x00\xff\xff"):
                    continue
                text, buffer = inflater.decompress(buffer), b""
            await self._take(json.loads(text))

    async def _take(self, frame: Json) -> None:
        async with self._arrived:
            self.frames.append(frame)
            if frame["op"] == 0:
                self.seq = frame["s"]
                self.events.append(frame)
            self._arrived.notify_all()

    async def frame(self, wanted: Callable[[Json], bool]) -> Json:
        """The first frame of this connection that is wanted."""
        async with self._arrived:
            await asyncio.wait_for(
                self._arrived.wait_for(lambda: any(map(wanted, self.frames))), 10
            )
        return next(filter(wanted, self.frames))

    async def event(
        self, name: str, wanted: Callable[[Json], bool] = lambda d: True
    ) -> Json:
        """The `d` of the first event of this name that is wanted."""

        def fits(frame: Json) -> bool:
            return bool(frame["t"] == name and wanted(frame["d"]))

        async with self._arrived:
            await asyncio.wait_for(
                self._arrived.wait_for(lambda: any(map(fits, self.events))), 10
            )
        d: Json = next(filter(fits, self.events))["d"]
        return d

    async def final(self, text: str = "(fast)") -> Json:
        """The first result whose content ends or contains so."""
        return await self.event(
            "MESSAGE_CREATE",
            lambda d: bool(
                d["attachments"] and d["components"] and text in d["content"]
            ),
        )

    def nonce(self) -> str:
        self._nonce += 1
        return self.last_nonce

    @property
    def last_nonce(self) -> str:
        return str(self._nonce)

    async def interact(self, kind: int, data: Json, **extra: Any) -> tuple[int, Json]:
        """POST an interaction; returns status and body."""
        body = {
            "type": kind,
            "application_id": MIDJOURNEY,
            "guild_id": self.spec.guild_id,
            "channel_id": self.spec.channel_id,
            "session_id": self.session_id,
            "nonce": self.nonce(),
            "data": data,
            **extra,
        }
        return await self.call("POST", "/interactions", body)

    async def imagine(
        self, prompt: str, *, version: str = IMAGINE[1], **extra: Any
    ) -> tuple[int, Json]:
        options = [{"type": 3, "name": "prompt", "value": prompt}]
        data = {"id": IMAGINE[0], "version": version, "name": "imagine", "type": 1}
        return await self.interact(2, {**data, "options": options}, **extra)

    async def click(self, message: Json, custom_id: str) -> tuple[int, Json]:
        data = {"component_type": 2, "custom_id": custom_id}
        return await self.interact(
            3, data, message_id=message["id"], message_flags=message["flags"]
        )

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A REST call with the account's token."""
        headers = {"Authorization": self.spec.user_token}
        async with self.http.request(
            method, f"{self.url}/api/v9{path}", json=body, headers=headers
        ) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control API, which must succeed."""
        async with self.http.request(
            method, f"{self.url}/_sim{path}", json=body
        ) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer


@contextlib.asynccontextmanager
async def client(simulator: Simulator, number: int = 1) -> AsyncIterator[Client]:
    """A connected client of the account with this number."""
    spec = default_accounts(number)[-1]
    async with aiohttp.ClientSession() as http:
        fresh = Client(simulator.url, http, spec)
        await fresh.connect()
        yield fresh


def button(message: Json, label: str) -> str:
    """The custom id of the button with this label or emoji."""
    for row in message["components"]:
        for item in row["components"]:
            names = (item.get("label"), (item.get("emoji") or {}).get("name"))
            if label in names:
                return str(item["custom_id"])
    raise AssertionError(f"no button {label}")
