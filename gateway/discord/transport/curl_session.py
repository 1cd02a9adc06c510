"""Sessions with a browser's TLS fingerprint that cost little while idle.

The library gives each session a curl engine that wakes ten times a second. Here all
sessions of an event loop share one engine. Anything that an engine keeps between
requests would let Discord link two accounts. So it keeps nothing: every request has its
own connection, and no TLS session is resumed. Cookies belong to the session
(docs/adr/0017).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from curl_cffi import AsyncCurl, Curl, CurlECode, CurlError, CurlInfo, CurlOpt, requests
from curl_cffi.aio import CURL_POLL_NONE, CURL_SOCKET_TIMEOUT

from gateway.discord.transport.certificates import trust

# A further reason for new connections: when a kept one has died, curl repeats the
# request, which for an interaction is a second drawing.
ALONE: Final = {
    CurlOpt.FRESH_CONNECT: 1,
    CurlOpt.FORBID_REUSE: 1,
    CurlOpt.SSL_SESSIONID_CACHE: 0,
    # A signed address must keep two dots in its path.
    CurlOpt.PATH_AS_IS: 1,
}


LEFT: Final = "left"  # among a response's infos: the connection was ready to send


class _Curl(AsyncCurl):
    """The library's engine, which looks ten times a second whether curl has stalled.

    Here it does so only while there are transfers.
    """

    def __init__(self) -> None:
        self._busy = asyncio.Event()
        super().__init__()

    def add_handle(self, curl: Curl) -> Any:
        self._busy.set()
        return super().add_handle(curl)

    async def _force_timeout(self) -> None:
        while True:
            await self._busy.wait()
            self.socket_action(CURL_SOCKET_TIMEOUT, CURL_POLL_NONE)
            await asyncio.sleep(0.1)
            if not self._curl2future:
                self._busy.clear()


class _Engine:
    """The curl engine of one event loop, with the number of its sessions."""

    def __init__(self) -> None:
        self.curl = _Curl()
        self.users = 0


_engines: dict[asyncio.AbstractEventLoop, _Engine] = {}


class _Handle(Curl):
    """A transfer with a small buffer; the library's reserves 128 KiB for frames."""

    _WS_RECV_BUFFER_SIZE = 8 * 1024
    owner: Session | None = None

    def _get_error(self, errcode: int, *args: Any) -> Any:
        """Return the error of a call; without words if it only says: not now."""
        if errcode == CurlECode.AGAIN:
            return CurlError("", errcode)
        return super()._get_error(errcode, *args)


class Session(requests.AsyncSession[requests.Response]):
    """Requests and socket of one account in the running event loop.

    `close` ends it.
    """

    def __init__(self, slots: int = 10, *, longest: float = 0.0) -> None:
        """Open it for `slots` transfers at once, each of at most `longest` seconds.

        0 means no limit.
        """
        self._longest = int(longest * 1000)
        self._running_loop = asyncio.get_running_loop()
        engine = _engines.get(self._running_loop) or _Engine()
        _engines[self._running_loop] = engine
        engine.users += 1
        super().__init__(
            loop=self._running_loop,
            async_curl=engine.curl,
            max_clients=slots,
            impersonate=requests.impersonate.DEFAULT_CHROME,
            default_headers=False,
            curl_options=ALONE,
        )
        self.verify = True  # with the certificates of `trust`

    async def pop_curl(self) -> Curl:
        await self.pool.get()
        trusted = trust()
        handle = _Handle(cacert=trusted.file)
        handle.owner = self
        handle.setopt(CurlOpt.CAPATH, trusted.folders)
        handle.setopt(CurlOpt.PROXY_CAPATH, trusted.folders)
        handle.setopt(CurlOpt.TIMEOUT_MS, self._longest)
        return handle

    def _parse_response(self, curl: Curl, *args: Any) -> requests.Response:
        """Record, also for a failed request, whether any byte can have been sent."""
        response = super()._parse_response(curl, *args)
        is_secure = response.url.startswith("https:")
        ready = CurlInfo.APPCONNECT_TIME if is_secure else CurlInfo.CONNECT_TIME
        response.infos[LEFT] = bool(curl.getinfo(ready))
        return response

    def release_curl(self, curl: Curl) -> None:
        """End a transfer.

        A handle kept for the next one would hold 80 KiB.
        """
        if self.acurl._curlm:  # else the engine ended with this session
            self.acurl.remove_handle(curl)
        curl.close()
        self.push_curl(None)

    async def close(self) -> None:
        """End the session; open requests end with an error."""
        if self._closed:
            return
        for handle in list(self.acurl._curl2future):
            if isinstance(handle, _Handle) and handle.owner is self:
                self.acurl.set_exception(handle, _closed())
        await super().close()
        engine = _engines[self._running_loop]
        engine.users -= 1
        if not engine.users:
            del _engines[self._running_loop]
            await engine.curl.close()  # type: ignore[no-untyped-call]


def _closed() -> CurlError:
    return CurlError("the session was closed", CurlECode.ABORTED_BY_CALLBACK)
