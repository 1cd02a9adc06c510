"""Check an account at Discord before it is saved, through the account's own proxy.

Only an answer of Discord or of the proxy counts. Without one the account is saved and
connects later.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from curl_cffi.requests.exceptions import RequestException

from accounts.editing.sub_channels import Pairs
from accounts.models import DiscordAccount
from gateway.discord.addresses import Addresses, load_addresses
from gateway.discord.rest import DiscordHttp, Identity
from mjproxy.lib.process import event_loop

logger = logging.getLogger(__name__)

LIMIT: Final = 4.5  # seconds for all questions
PROXY_LIMIT: Final = 1.5  # seconds for a connection to the proxy
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_looks: Final = threading.BoundedSemaphore(2)

Wrong = dict[str, list[str]]


def check(account: DiscordAccount, channels: Mapping[str, Pairs]) -> Wrong:
    """Return the faults that Discord finds in the account, by field.

    Each check holds a thread that answers requests, so at most two run at once. A
    further account is not checked.
    """
    if not _looks.acquire(blocking=False):
        logger.info("account saved without a check: too many other checks are running")
        return {}
    try:
        return _check(account, channels)
    finally:
        _looks.release()


def _check(account: DiscordAccount, channels: Mapping[str, Pairs]) -> Wrong:
    addresses = load_addresses()
    if addresses.is_proxy_unreadable and not account.proxy_url:
        return {}  # the proxy is needed for the check
    identity = Identity(
        account_id=account.pk or 0,
        revision=account.revision,
        guild_id=account.guild_id,
        channel_id=account.channel_id,
        token=account.user_token,
        user_agent=account.user_agent,
        proxy_url=account.proxy_url,
    )
    asking = _ask(identity, addresses, channels)
    return event_loop.run(asking, timeout=LIMIT + 10)


async def _ask(
    identity: Identity, addresses: Addresses, channels: Mapping[str, Pairs]
) -> Wrong:
    wrong: Wrong = {}
    http = DiscordHttp(identity, addresses)
    try:
        async with asyncio.timeout(LIMIT):
            await _look(http, channels, wrong)
    except TimeoutError:
        logger.info("account saved without a check: Discord did not answer in time")
    except (RequestException, OSError) as exc:
        logger.info("account saved without a check: %s", type(exc).__name__)
    except Exception:
        # The gateway connection will show the fault; the row is saved.
        logger.exception("account saved without a check: unforeseen error")
    finally:
        await http.aclose()
    return wrong


async def _look(http: DiscordHttp, channels: Mapping[str, Pairs], wrong: Wrong) -> None:
    """Add the faults to `wrong`, until the time is over."""
    try:
        status, user = await http.look("/users/@me", timeout=LIMIT - PROXY_LIMIT)
    except (RequestException, OSError) as exc:
        logger.info("account saved without a check: %s", type(exc).__name__)
        if http.identity.proxy_url and not await _listens(http.identity.proxy_url):
            wrong["proxy_url"] = ["The proxy cannot be reached."]
        return
    if status == 407:
        wrong["proxy_url"] = ["The proxy refuses the name or the password."]
    elif status == 401:
        wrong["user_token"] = ["Discord does not accept this token."]
    if status != 200 or not _has_id(user):
        return
    for field, pairs in channels.items():
        for guild_id, channel_id in pairs:
            found, channel = await http.look(f"/channels/{channel_id}", timeout=LIMIT)
            if text := _wrong_with(found, channel, guild_id):
                said = f"{text} ({channel_id})" if len(pairs) > 1 else text
                wrong.setdefault(field, []).append(said)


def _wrong_with(status: int, channel: Any, guild_id: str) -> str:
    if status == 404:
        return "Discord has no channel with this id."
    if status == 403:
        return "The account may not see this channel."
    if status == 200 and _has_id(channel) and channel.get("guild_id") != guild_id:
        return "The channel is in another server."
    return ""


def _has_id(said: Any) -> bool:
    """Return whether an answer is an object of Discord, not the page of a proxy."""
    return isinstance(said, dict) and "id" in said


async def _listens(proxy_url: str) -> bool:
    """Return whether a server accepts connections at the proxy's address."""
    parts = urlsplit(proxy_url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower(), 1080)
    try:
        async with asyncio.timeout(PROXY_LIMIT):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
