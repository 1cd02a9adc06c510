"""One call of a webhook: its data, its request and its outcome."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp
from standardwebhooks import Webhook
from yarl import URL

from mjproxy.lib.safe_http.client import (
    Unfetchable,
    check_url,
    close_at_exit,
    open_session,
    read_capped,
    reason_of,
)
from tasks.enums import TERMINAL
from tasks.webhooks.shares import Receiver

UNSIGNED: Final = "the signing secret fits no encryption key: make a new one"
TIMEOUT: Final = 10.0  # seconds for a whole call
MAX_ANSWER: Final = 64 << 10
ANSWER_PATIENCE: Final = 2.0  # seconds; the body is not used
# Seconds for which an idle connection is kept. Most receivers keep it longer.
KEPT: Final = 1.0
GONE: Final = 410
_TOO_MUCH: Final = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Call:
    """A claimed call, with the data of its request."""

    task_id: int
    receiver: Receiver
    revision: int
    status: str
    url: str
    body: bytes
    secret: str
    attempts: int  # failed ones before it
    claimed_until: datetime
    is_operators: bool = False
    by_hand: int = 0  # the row of a call that a person sends again

    @property
    def message_id(self) -> str:
        """The receiver's id of the call, the same at every try."""
        return f"msg_{self.task_id}_{self.revision}"

    @property
    def is_final(self) -> bool:
        return self.status in TERMINAL

    def __str__(self) -> str:
        return f"task {self.task_id}: webhook no. {self.revision}"


@dataclass(frozen=True)
class Outcome:
    """The result of a call. `hopeless`: a later try cannot succeed."""

    status: int | None = None
    error: str = ""
    hopeless: bool = False

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_trouble(self) -> bool:
        """Tell whether the receiver is unreachable or overloaded."""
        if self.status is None:
            return not self.hopeless
        return self.status >= 500 or self.status in _TOO_MUCH

    def __str__(self) -> str:
        return f"HTTP {self.status}" if self.status else self.error


class Poster:
    """Makes calls, on kept connections where there are any.

    A receiver may close a kept connection at any time. So a call whose connection broke
    before an answer is made again at once, on a new one. It may have arrived, as before
    any other try; its id says so.
    """

    def __init__(self, *, limit: int) -> None:
        self._kept = open_session(limit=limit, kept=KEPT)
        self._new = open_session(limit=limit)
        close_at_exit(self._kept)
        close_at_exit(self._new)

    async def close(self) -> None:
        await self._kept.close()
        await self._new.close()

    async def status_of(self, call: Call) -> int:
        """Make a call; return the status of its answer."""
        url, headers = check_url(call.url), _headers(call)
        try:
            return await _status_of(self._kept, url, call.body, headers)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await _status_of(self._new, url, call.body, headers)


async def post(poster: Poster, call: Call) -> Outcome:
    """Make a call; a failure is an outcome, not an error."""
    if not call.secret:
        return Outcome(error=UNSIGNED)  # a call is never sent unsigned
    try:
        async with asyncio.timeout(TIMEOUT):
            status = await poster.status_of(call)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as exc:
        return Outcome(error=reason_of(exc))
    except Unfetchable as exc:
        return Outcome(error=exc.en, hopeless=exc.permanent)
    if 200 <= status < 300:
        return Outcome(status)
    return Outcome(status, f"HTTP {status}", hopeless=status == GONE)


def _headers(call: Call) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(call.secret).sign(call.message_id, now, call.body.decode())
    return {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def _status_of(
    session: aiohttp.ClientSession, url: URL, body: bytes, headers: dict[str, str]
) -> int:
    async with session.post(
        url, data=body, headers=headers, allow_redirects=False
    ) as response:
        if not response.content.at_eof():
            await _drain(response)
        return response.status


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer. Errors are ignored, because the status decides."""
    with contextlib.suppress(
        TimeoutError, aiohttp.ClientError, OSError, ValueError, Unfetchable
    ):
        async with asyncio.timeout(ANSWER_PATIENCE):
            await read_capped(response, MAX_ANSWER)
