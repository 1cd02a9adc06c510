"""The REST clients of a process that sends: one for each account, kept while it lives."""

from __future__ import annotations

import asyncio

from accounts.models import DiscordAccount
from gateway.addresses import load_addresses
from gateway.context import identity_of
from gateway.database import in_thread
from gateway.http import DiscordHttp

_clients: dict[int, DiscordHttp] = {}
_making = asyncio.Lock()


async def client_of(account: DiscordAccount) -> DiscordHttp:
    """Return the account's client, a new one after every edit of the account."""
    http = _clients.get(account.pk)
    if http and http.identity.revision == account.revision:
        return http
    async with _making:
        http = _clients.get(account.pk)
        if http and http.identity.revision == account.revision:
            return http
        if http:
            await http.aclose()
        addresses = await in_thread(load_addresses)
        http = _clients[account.pk] = DiscordHttp(identity_of(account), addresses)
        await http.startup()
        return http
