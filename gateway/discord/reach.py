"""Try whether Discord can be reached with the settings, without any account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from curl_cffi import CurlError

from gateway.discord.addresses import Addresses
from gateway.discord.rest import DiscordHttp, Identity
from mjproxy.lib.db.encrypted_field import UndecryptableSecret

LIMIT: Final = 8.0  # seconds for each question; they are asked at the same time
# No account: no token is sent.
_NOBODY: Final = Identity(0, 0, "", "", token="", user_agent="", proxy_url="")


@dataclass(frozen=True)
class Outcome:
    """How one address has answered; `failure` is empty if it can be used."""

    name: str
    address: str
    seconds: float
    failure: str = ""


async def reach(addresses: Addresses) -> Sequence[Outcome]:
    """Ask Discord's API and socket, through the common proxy. Never raises."""
    try:
        http = DiscordHttp(_NOBODY, addresses)
    except UndecryptableSecret:
        text = "the stored proxy fits no encryption key: enter it again"
        return [Outcome("Proxy", "", 0.0, text)]
    try:
        return await asyncio.gather(
            _tried("API", addresses.server, lambda: _ask_api(http)),
            _tried("Socket", addresses.wss, lambda: _open_socket(http)),
        )
    finally:
        await http.aclose()


async def _tried(name: str, address: str, ask: Callable[[], Awaitable[str]]) -> Outcome:
    began = time.monotonic()
    try:
        async with asyncio.timeout(LIMIT):
            failure = await ask()
    except TimeoutError:
        failure = f"no answer within {LIMIT:.0f} seconds"
    except (CurlError, OSError) as exc:
        # Its text may hold the proxy's password.
        failure = f"no connection ({type(exc).__name__})"
    return Outcome(name, address, time.monotonic() - began, failure)


async def _ask_api(http: DiscordHttp) -> str:
    url = f"{http.addresses.api}/gateway"
    status, body = await http.send_plainly("GET", url, headers={})
    if status == 407:
        return "the proxy refuses the name or the password"
    if status != 200:
        return f"HTTP {status}"
    try:
        is_discord = "url" in orjson.loads(body)
    except (orjson.JSONDecodeError, TypeError):
        is_discord = False
    return "" if is_discord else "the answer is not Discord's"


async def _open_socket(http: DiscordHttp) -> str:
    await http.startup()
    socket = await http.ws_connect(f"{http.addresses.wss}/?v=9&encoding=json")
    await socket.close()
    return ""
