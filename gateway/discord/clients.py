"""The REST clients of a process that sends: one for each account, kept."""

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

ADDRESSES_KEPT: Final = 5.0  # seconds

_clients: dict[int, DiscordHttp] = {}
_retired: set[asyncio.Task[None]] = set()  # keeps them from being collected
_making = asyncio.Lock()
_addresses: tuple[float, Addresses] | None = None


async def client_of(account: DiscordAccount) -> DiscordHttp:
    """Return the account's client, a new one after edits of account or settings."""
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
    """Close a client when its last requests are over.

    To cut one off would leave open whether Discord has taken it.
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
    """Return where Discord is, as it was some seconds ago at most."""
    global _addresses
    now = time.monotonic()
    if _addresses is None or now - _addresses[0] > ADDRESSES_KEPT:
        _addresses = now, await in_thread(load_addresses)
    return _addresses[1]
