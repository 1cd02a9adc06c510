"""Fetch pages of another server: checked address, limited size and time."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from mjproxy.lib.safe_http.client import (
    Unfetchable,
    check_url,
    open_session,
    read_capped,
    reason_of,
)
from tasks.moving import timing

MAX_BYTES: Final = 64 << 20  # of a page
_LATER: Final = frozenset({408, 425, 429})
_KEY: Final = "mj-api-secret"


@dataclass(frozen=True)
class Call:
    """A request for a page. `body` is sent as JSON; without one it is a GET."""

    path: str
    body: dict[str, Any] | None = None


class BadSource(Exception):
    """The source cannot be read; the message is for people and holds no address.

    With `later` another try may help; `is_missing`: the source has no such list.
    """

    def __init__(
        self, text: str, *, later: bool = False, is_missing: bool = False
    ) -> None:
        super().__init__(text)
        self.later, self.is_missing = later, is_missing


async def fetch(host: str, api_key: str, call: Call) -> tuple[Any, str]:
    """Return the JSON that the source answers, and its digest. Raises BadSource."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if api_key:
        headers[_KEY] = api_key
    try:
        url = check_url(host + call.path)
        async with (
            asyncio.timeout(timing.PAGE_SECONDS),
            open_session(limit=1) as session,
            session.request(
                "GET" if call.body is None else "POST",
                url,
                data=None if call.body is None else orjson.dumps(call.body),
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            _check_status(response.status)
            body = await read_capped(response, MAX_BYTES)
            return _parsed(body), hashlib.sha256(body).hexdigest()
    except Unfetchable as exc:
        raise BadSource(exc.en) from exc
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise BadSource(reason_of(exc), later=True) from exc


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise BadSource(f"HTTP {status}: the source does not accept the key")
    if status in range(300, 400):
        raise BadSource(
            f"HTTP {status}: the source redirects; give the address it uses"
        )
    later = status >= 500 or status in _LATER
    is_missing = status in (404, 405)
    raise BadSource(f"HTTP {status}", later=later, is_missing=is_missing)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError as exc:
        raise BadSource("the answer is not JSON") from exc
