"""Human verification: make the page for a person, tell the operator's server.

No code here or elsewhere solves a verification.
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from curl_cffi.requests.exceptions import RequestException

from accounts.models import Verification
from accounts.verification import helper_server, lock
from accounts.verification.helper_server import ClaimedCall
from gateway.discord import clients
from gateway.discord.addresses import Addresses, load_addresses
from gateway.discord.rest import DiscordHttp
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.timing import PAGE_TIMEOUT, TELL_TIMEOUT
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.safe_http.client import (
    Unfetchable,
    check_url,
    open_session,
    read_capped,
    reason_of,
)
from tasks.custom_ids import PAGE_PREFIX

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 16 << 10  # of an answer with a hash and a token
# The token goes into addresses, so it may hold no character with a meaning there.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.~=+-]{0,999}")


class NoPage(Exception):
    """No page can be made; the message gives the operator the reason."""


# --- in the gateway process -----------------------------------------------------------


def challenged(
    account_id: int, custom_id: str, *, asked_at: datetime | None = None
) -> bool:
    """Lock an account that was shown a verification page; return whether it is new."""
    token = custom_id.removeprefix(PAGE_PREFIX)
    if token == custom_id or not _TOKEN.fullmatch(token):
        logger.warning(
            "account %s: verification challenge has an unknown form", account_id
        )
        return lock.ask(account_id, asked_at=asked_at)
    url = _ack_url(load_addresses(), token)
    return lock.ask(account_id, token=token, ack_url=url, asked_at=asked_at)


def _ack_url(addresses: Addresses, token: str) -> str:
    base = addresses.activity or f"https://{MIDJOURNEY_APP}.discordsays.com"
    return f"{base}/captcha/api/c/{token}/ack?hash=1"


# --- in a worker ----------------------------------------------------------------------


async def attend(account_id: int) -> None:
    """Do the next step of an account's verification.

    Safe to call any number of times.
    """
    work = Work("verification of account", account_id, lock.break_off)
    await faults.watch(work, _attend)


async def _attend(account_id: int) -> None:
    if claimed := await in_thread(lock.claim_page, account_id):
        try:
            async with asyncio.timeout(PAGE_TIMEOUT):
                url = await _make_page(claimed)
        except (NoPage, RequestException, OSError, TimeoutError) as exc:
            said = str(exc) if isinstance(exc, NoPage) else type(exc).__name__
            await in_thread(lock.note_page, claimed, error=said[:400])
        else:
            await in_thread(lock.note_page, claimed, url=url)
    if handing := await in_thread(helper_server.claim, account_id):
        error = await _tell(handing)
        await in_thread(helper_server.note_answer, handing, error)


async def _make_page(claimed: Verification) -> str:
    account = await in_thread(lambda: claimed.account)
    http = await clients.client_of(account)
    keys = await _acknowledge(http, claimed.token)
    return f"{http.addresses.editor}/captcha/challenge/index.html?{urlencode(keys)}"


async def _acknowledge(http: DiscordHttp, token: str) -> dict[str, str]:
    """Fetch the page's keys `hash` and `token` from the activity host.

    Raises NoPage.
    """
    url = _ack_url(http.addresses, token)
    status, body = await http.send_plainly("GET", url, headers={})
    if status != 200:
        raise NoPage(f"the activity host answered {status}")
    try:
        answer: Any = orjson.loads(body) if len(body) <= MOST_BYTES else None
    except orjson.JSONDecodeError:
        answer = None
    keys = answer if isinstance(answer, dict) else {}
    found = {name: keys.get(name) for name in ("hash", "token")}
    if not all(isinstance(v, str) and _TOKEN.fullmatch(v) for v in found.values()):
        raise NoPage("the activity host gave no hash and token")
    return found  # type: ignore[return-value]


async def _tell(handing: ClaimedCall) -> str:
    """Tell the operator's server; return the error, or "". Never raises."""
    try:
        url = check_url(handing.url)
        async with (
            asyncio.timeout(TELL_TIMEOUT),
            open_session(limit=1) as session,
            session.post(url, json=handing.body, allow_redirects=False) as response,
        ):
            await read_capped(response, MOST_BYTES)
            status = response.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, Unfetchable) as exc:
        return reason_of(exc)
    return "" if 200 <= status < 300 else f"HTTP {status}"
