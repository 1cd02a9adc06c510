"""Sessions with a browser's fingerprint, of which an idle one costs next to nothing.

The library gives each session an engine of its own that wakes ten times a second. Here
all sessions of an event loop share one. What an engine remembers, Discord would see as
something that two accounts have in common, so it is told to remember nothing: every
request has a connection of its own, and no TLS session is taken up again. Cookies
belong to the session (docs/adr/0017).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from curl_cffi import AsyncCurl, Curl, CurlECode, CurlError, CurlInfo, CurlOpt, requests

from gateway.discord.transport.certificates import trust

# Nothing is sent again by curl itself either: on a kept connection that has died it
# would repeat the request, which for an interaction is a second drawing.
ALONE: Final = {
    CurlOpt.FRESH_CONNECT: 1,
    CurlOpt.FORBID_REUSE: 1,
    CurlOpt.SSL_SESSIONID_CACHE: 0,
    # Two dots in a path are sent as they are: an address may be signed.
    CurlOpt.PATH_AS_IS: 1,
}


LEFT: Final = "left"  # among a response's infos: the connection was ready to send


class _Engine:
    """One loop's curl, as long as somebody uses it."""

    def __init__(self) -> None:
        self.curl = AsyncCurl()
        self.users = 0


_engines: dict[asyncio.AbstractEventLoop, _Engine] = {}


class _Handle(Curl):
    """A transfer. The library's keeps 128 KiB for frames of a socket, used or not."""

    _WS_RECV_BUFFER_SIZE = 8 * 1024
    owner: Session | None = None


class Session(requests.AsyncSession[requests.Response]):
    """One account's requests and socket in the running event loop; `close` ends it."""

    def __init__(self, slots: int = 10, *, longest: float = 0.0) -> None:
        """Open it for so many transfers at once, each of `longest` seconds; 0: any."""
        self._longest = int(longest * 1000)
        self._home = asyncio.get_running_loop()
        engine = _engines.get(self._home) or _Engine()
        _engines[self._home] = engine
        engine.users += 1
        super().__init__(
            loop=self._home,
            async_curl=engine.curl,
            max_clients=slots,
            impersonate=requests.impersonate.DEFAULT_CHROME,
            default_headers=False,
            curl_options=ALONE,
        )
        self.verify = True  # by `trust`, which has looked at the environment

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
        """Note of a request that failed, too, whether anything of it can have left."""
        response = super()._parse_response(curl, *args)
        is_secure = response.url.startswith("https:")
        ready = CurlInfo.APPCONNECT_TIME if is_secure else CurlInfo.CONNECT_TIME
        response.infos[LEFT] = bool(curl.getinfo(ready))
        return response

    def release_curl(self, curl: Curl) -> None:
        """End a transfer. A handle that was kept would hold 80 KiB for the next one."""
        if self.acurl._curlm:  # else the engine ended with this session
            self.acurl.remove_handle(curl)
        curl.close()
        self.push_curl(None)

    async def close(self) -> None:
        """End the session; what has no answer yet ends with an error."""
        if self._closed:
            return
        for handle in list(self.acurl._curl2future):
            if isinstance(handle, _Handle) and handle.owner is self:
                self.acurl.set_exception(handle, _closed())
        await super().close()
        engine = _engines[self._home]
        engine.users -= 1
        if not engine.users:
            del _engines[self._home]
            await engine.curl.close()  # type: ignore[no-untyped-call]


def _closed() -> CurlError:
    return CurlError("the session was closed", CurlECode.ABORTED_BY_CALLBACK)
