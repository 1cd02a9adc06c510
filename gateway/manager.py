"""All sockets of one gateway process. The rows say what must be; this makes it so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from typing import Final

from django.db import DatabaseError

from gateway import leases
from gateway.addresses import Addresses, load_addresses
from gateway.connection import Connection, Resume
from gateway.context import identity_of
from gateway.http import Identity
from gateway.models import GatewaySession
from gateway.repair import look_after, repair, silent_tasks
from tasks.database import in_thread

logger = logging.getLogger(__name__)

TICK: Final = 1.0  # seconds between two looks at the rows
CONNECTING_AT_ONCE: Final = 16
CANCEL_AGAIN: Final = 0.5  # seconds
REPAIR_REST: Final = 10.0  # seconds after history could not be read

_Held = tuple[Connection, asyncio.Task[None]]


class Manager:
    """Holds the accounts that this process has leased, until `close`."""

    def __init__(self) -> None:
        host = socket.gethostname()[:30]
        self.name = f"{host}:{os.getpid()}:{secrets.token_hex(3)}"
        self._held: dict[int, _Held] = {}
        self._repairs: dict[int, asyncio.Task[None]] = {}
        self._kicked = asyncio.Event()
        self._door = asyncio.Semaphore(CONNECTING_AT_ONCE)

    def kick(self) -> None:
        """Look at the rows now: something has changed."""
        self._kicked.set()

    async def run(self) -> None:
        """Keep the sockets as the rows want them, for ever."""
        await asyncio.gather(self._loop(self._reconcile), self._loop(self._watch))

    async def close(self) -> None:
        """Close all sockets so that another process can resume their sessions."""
        for account_id in list(self._held):
            await self._drop(account_id)
        with contextlib.suppress(DatabaseError):
            await in_thread(leases.retire, self.name)

    async def _loop(self, step) -> None:  # type: ignore[no-untyped-def]
        while True:
            self._kicked.clear()
            try:
                await step()
            except DatabaseError as exc:
                # Sockets stay; what they hear meanwhile is repaired from history.
                logger.error("database: %s", exc)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._kicked.wait(), TICK)

    # --- leases and sockets ----------------------------------------------------------

    async def _reconcile(self) -> None:
        processes = await in_thread(leases.announce, self.name)
        fences = await in_thread(leases.renew, self.name)
        for account_id, (connection, _) in list(self._held.items()):
            if fences.get(account_id) != connection.fence:
                logger.warning("account %s: lease lost", account_id)
                await self._drop(account_id)
        for account_id in await in_thread(
            leases.surplus, processes=processes, held=list(fences)
        ):
            await self._leave(account_id, fences.pop(account_id))
        fences |= await in_thread(
            leases.acquire, self.name, processes=processes, held=len(fences)
        )
        await self._match_rows(fences)

    async def _match_rows(self, fences: dict[int, int]) -> None:
        wanted = await in_thread(_revisions, list(fences))
        addresses = await in_thread(load_addresses)
        for account_id, fence in fences.items():
            if account_id not in wanted:
                await self._leave(account_id, fence)
                continue
            held = self._held.get(account_id)
            if held and _is_current(held, wanted[account_id], addresses):
                await held[0].save_seq()
                continue
            if held:
                await self._drop(account_id)
            await self._start(account_id, fence, addresses)

    async def _start(self, account_id: int, fence: int, addresses: Addresses) -> None:
        found = await in_thread(_load, account_id)
        if found is None:
            return
        identity, resume, user_id = found
        connection = Connection(
            identity, addresses, fence, resume, self._door, user_id=user_id
        )
        self._held[account_id] = connection, asyncio.create_task(connection.run())

    async def _drop(self, account_id: int) -> None:
        connection, task = self._held.pop(account_id)
        if running := self._repairs.pop(account_id, None):
            running.cancel()
        while not task.done():
            # Again and again: `wait_for` of Python 3.11 swallows a cancel that comes
            # together with the result.
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN)
        if not task.cancelled() and (error := task.exception()):
            logger.error(
                "account %s: connection broke down", account_id, exc_info=error
            )
        with contextlib.suppress(Exception):
            await connection.close()

    async def _leave(self, account_id: int, fence: int) -> None:
        if account_id in self._held:
            await self._drop(account_id)
        await in_thread(leases.give_back, account_id, fence)

    # --- silent tasks ----------------------------------------------------------------

    async def _watch(self) -> None:
        live = [pk for pk, (c, _) in self._held.items() if c.is_live]
        silent = await in_thread(silent_tasks, live) if live else {}
        for account_id in live:
            running = self._repairs.get(account_id)
            if account_id not in self._held or (running and not running.done()):
                continue
            connection = self._held[account_id][0]
            tasks = silent.get(account_id, [])
            if tasks or connection.repair_wanted:
                work = asyncio.create_task(self._repair(connection, tasks))
                self._repairs[account_id] = work

    async def _repair(self, connection: Connection, tasks: list[int]) -> None:
        connection.repair_wanted = False
        done = await (look_after(connection, tasks) if tasks else repair(connection))
        if not done:
            connection.repair_wanted = True
            await asyncio.sleep(REPAIR_REST)


def _revisions(account_ids: list[int]) -> dict[int, int]:
    rows = leases.wanted().filter(pk__in=account_ids)
    return dict(rows.values_list("pk", "revision"))


def _is_current(held: _Held, revision: int, addresses: Addresses) -> bool:
    """Tell whether a connection is as the rows want it.

    One that returned waits for a person, whose act makes another revision.
    """
    connection, task = held
    broken = task.done() and (task.cancelled() or task.exception() is not None)
    same = connection.identity.revision == revision
    return same and not broken and connection.addresses == addresses


def _load(account_id: int) -> tuple[Identity, Resume, str] | None:
    account = leases.wanted().filter(pk=account_id).first()
    if account is None:
        return None
    session = GatewaySession.objects.get(account_id=account_id)
    identity = identity_of(account)
    if session.token_digest != identity.token_digest:
        # Another token is another user: its session cannot be resumed.
        return identity, Resume(), ""
    resume = Resume(session.session_id, session.seq, session.resume_url)
    return identity, resume, session.user_id
