"""Keep the REST clients of a sending process, one for each account."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from accounts.models import DiscordAccount
from gateway import timing
from gateway.discord.addresses import Addresses, load_addresses
from gateway.discord.identity import identity_of
from gateway.discord.rest import DiscordHttp, Identity
from mjproxy.lib.db.threads import in_thread

ADDRESSES_KEPT: Final = 1.0  # seconds

_clients: dict[int, DiscordHttp] = {}
_retired: set[asyncio.Task[None]] = set()  # keeps the tasks from being collected
_making = asyncio.Lock()
_addresses: tuple[float, Addresses] | None = None


async def client_of(account: DiscordAccount) -> DiscordHttp:
    """Return the account's client.

    An edit of the account or the settings leads to a new client.
    """
    addresses = await current_addresses()
    async with _making:
        http = _clients.get(account.pk)
        if http:
            same = http.identity.revision == account.revision
            if same and http.addresses == addresses:
                return http
            _retire(http)
        identity = await in_thread(_identity, account.pk)
        http = _clients[account.pk] = DiscordHttp(identity, addresses)
        return http


def _retire(http: DiscordHttp) -> None:
    """Close a client after its last requests have ended.

    A request that is cut off may or may not have been taken by Discord.
    """

    async def end() -> None:
        await asyncio.sleep(timing.REQUEST_LIFE.total_seconds())
        await http.aclose()

    work = asyncio.create_task(end())
    _retired.add(work)
    work.add_done_callback(_retired.discard)


def _identity(account_id: int) -> Identity:
    return identity_of(DiscordAccount.objects.get(pk=account_id))


async def current_addresses() -> Addresses:
    """Return the addresses of Discord, at most a second old."""
    global _addresses
    now = time.monotonic()
    if _addresses is None or now - _addresses[0] > ADDRESSES_KEPT:
        _addresses = now, await in_thread(load_addresses)
    return _addresses[1]
