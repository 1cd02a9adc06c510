"""Manage all sockets of a gateway process, so that they match the rows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from django.db import Error

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from accounts.state.changes import set_state, trouble
from gateway import leases
from gateway.discord.addresses import Addresses, load_addresses
from gateway.discord.identity import identity_of
from gateway.discord.rest import Identity
from gateway.sockets.connection import Connection
from gateway.sockets.history import judging, look_after, repair, silent_tasks
from gateway.sockets.reconnect import Resume, connecting
from gateway.sockets.writer import Writer
from mjproxy.lib import faults
from mjproxy.lib.db import clock
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.faults import Work
from mjproxy.lib.process import backoff

logger = logging.getLogger(__name__)

TICK: Final = leases.RENEW_EVERY  # seconds between two reads of the rows
REST: Final = 0.1  # seconds after a read, in which changes are collected
CONNECTING_AT_ONCE: Final = 16
CLOSING_AT_ONCE: Final = 16
STARTING_AT_ONCE: Final = 50
CANCEL_AGAIN: Final = 0.5  # seconds
REPAIR_REST: Final = 10.0  # seconds after a failed read of history, growing

PROXY_REST: Final = 5.0  # seconds until the proxy is looked for again

_Held = tuple[Connection, asyncio.Task[None]]


class Manager:
    """Holds the accounts that this process has leased, until `close`."""

    def __init__(self) -> None:
        host = socket.gethostname()[:30]
        self.name = f"{host}:{os.getpid()}:{secrets.token_hex(3)}"
        self._held: dict[int, _Held] = {}
        self._ending: dict[int, asyncio.Task[None]] = {}
        self._repairs: dict[int, asyncio.Task[None]] = {}
        self._unrepaired: set[int] = set()  # accounts that ended before a wanted repair
        self.looked: list[Callable[[], None]] = []  # called after each read
        self._kicked = asyncio.Event()
        self._connect_slots = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._writer = Writer()
        self._exit = asyncio.Semaphore(CLOSING_AT_ONCE)
        self._renewed_at = math.inf
        # A look that was given up may still run; the end waits for it.
        self._looking = threading.Lock()

    def kick(self, **_: object) -> None:
        """Read the rows now, because they have changed."""
        self._kicked.set()

    async def run(self) -> None:
        """Keep the sockets as the rows demand, until cancelled."""
        await asyncio.gather(
            self._repeat(self._reconcile, self._kicked),
            self._repeat(self._watch, asyncio.Event()),
        )

    async def close(self) -> None:
        """Close all sockets so that another process can resume their sessions."""
        with contextlib.suppress(Error):
            await in_thread(leases.fall_silent, self.name)
        for account_id in list(self._held):
            self._end(account_id)
        await asyncio.gather(*self._ending.values())
        with contextlib.suppress(Error):
            await in_thread(self._retire)

    async def _repeat(
        self, step: Callable[[], Awaitable[None]], kicked: asyncio.Event
    ) -> None:
        work = Work(f"gateway {step.__name__}", 0)
        while True:
            kicked.clear()
            try:
                await step()
                faults.over(work)
                for tell in self.looked:
                    await asyncio.to_thread(tell)
            except Error as exc:
                # Sockets stay open; missed events are repaired from history.
                logger.error("database: %s", exc)
            except Exception as exc:
                if faults.note(work, exc):
                    raise  # the supervisor starts a new process
            await asyncio.sleep(REST)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(kicked.wait(), TICK)

    # --- leases and sockets ----------------------------------------------------------

    async def _reconcile(self) -> None:
        if not await in_thread(clock.is_right):
            await self._let_go()
            return
        await self._leave_broken()
        await self._follow_rows()

    async def _follow_rows(self) -> None:
        late = self._is_late()
        leased, surplus, addresses = await in_thread(self._look, late=late)
        self._renewed_at = asyncio.get_running_loop().time()
        for account_id, (connection, _) in list(self._held.items()):
            lease = leased.get(account_id)
            if lease is None or lease.fence != connection.fence:
                logger.warning("account %s: lease lost", account_id)
                self._end(account_id)
        new: dict[int, int] = {}
        moved: list[int] = []
        ending: dict[int, int | None] = {}
        for account_id, lease in leased.items():
            held = self._held.get(account_id)
            if account_id in self._ending:
                continue  # decided again once its socket is closed
            if account_id in surplus or not lease.is_wanted:
                ending[account_id] = lease.fence
            elif held is None:
                if not faults.is_resting(connecting(account_id)):
                    new[account_id] = lease.fence
            elif not _is_current(held, lease, addresses):
                ending[account_id] = None
            elif held[0].identity.channels_revision != lease.channels_revision:
                moved.append(account_id)
        await self._end_all(ending)
        await self._start(new, addresses)
        await self._follow_channels(moved)
        await self._save_seqs()

    async def _leave_broken(self) -> None:
        """End connections that broke down, before their leases are renewed.

        Their rows may still say that they are live, and a renewal would confirm it.
        """
        broken = [pk for pk, held in self._held.items() if _is_broken(held)]
        await self._end_all(dict.fromkeys(broken))

    async def _end_all(self, ending: Mapping[int, int | None]) -> None:
        """Close sockets, after their rows say that they are down.

        `ending` maps account ids to the fence of a lease to give back, or None.
        """
        if not ending:
            return
        await in_thread(leases.fall_silent, self.name, list(ending))
        for account_id, fence in ending.items():
            self._end(account_id, give_back=fence)

    async def _let_go(self) -> None:
        """Give up all accounts: with a wrong clock the leases cannot be trusted."""
        await self._end_all({pk: held[0].fence for pk, held in self._held.items()})
        if not self._ending:
            await in_thread(self._retire)

    def _retire(self) -> None:
        with self._looking:
            leases.retire(self.name)

    def _look(
        self, *, late: bool
    ) -> tuple[dict[int, leases.Lease], set[int], Addresses]:
        with self._looking:
            return _look(self.name, late=late)

    def _is_late(self) -> bool:
        """Return whether the last renewal is over half a lease ago.

        Then the database was away, and other processes may only seem dead.
        """
        silence = asyncio.get_running_loop().time() - self._renewed_at
        return silence > leases.LEASE.total_seconds() / 2

    async def _start(self, fences: dict[int, int], addresses: Addresses) -> None:
        ids = list(fences)
        for start in range(0, len(ids), STARTING_AT_ONCE):
            part = ids[start : start + STARTING_AT_ONCE]
            for identity, resume, user_id in await in_thread(_load, part):
                account_id = identity.account_id
                try:
                    connection = Connection(
                        identity,
                        addresses,
                        fences[account_id],
                        resume,
                        self._connect_slots,
                        user_id=user_id,
                        writer=self._writer,
                    )
                except UndecryptableSecret as exc:  # the common proxy
                    await in_thread(_without_proxy, account_id, exc)
                    continue
                except Exception as exc:
                    await in_thread(faults.settle, connecting(account_id), exc)
                    continue
                connection.repair_wanted = account_id in self._unrepaired
                self._unrepaired.discard(account_id)
                task = asyncio.create_task(connection.run())
                self._held[account_id] = connection, task

    async def _follow_channels(self, account_ids: list[int]) -> None:
        """Update the sub-channels of open connections."""
        for identity, *_ in await in_thread(_load, account_ids) if account_ids else ():
            if held := self._held.get(identity.account_id):
                held[0].identity = replace(
                    held[0].identity,
                    further_channels=identity.further_channels,
                    channels_revision=identity.channels_revision,
                )

    async def _save_seqs(self) -> None:
        moved = {
            account_id: seq
            for account_id, (connection, _) in self._held.items()
            if (seq := connection.take_seq()) is not None
        }
        if moved:
            await in_thread(leases.save_seqs, self.name, moved)

    def _end(self, account_id: int, *, give_back: int | None = None) -> None:
        """Close an account's socket; then give back the lease of fence `give_back`."""
        if running := self._repairs.pop(account_id, None):
            running.cancel()
        held = self._held.pop(account_id, None)
        self._ending[account_id] = asyncio.create_task(
            self._leave(account_id, held, give_back)
        )

    async def _leave(
        self, account_id: int, held: _Held | None, give_back: int | None
    ) -> None:
        try:
            async with self._exit:
                if held and (error := await _stop(*held)):
                    await in_thread(faults.settle, connecting(account_id), error)
                if give_back is not None:
                    await in_thread(leases.give_back, account_id, give_back)
        except Error as exc:
            logger.error("database: %s", exc)
        finally:
            if held and held[0].repair_wanted:
                self._unrepaired.add(account_id)
            del self._ending[account_id]
            self.kick()

    # --- silent tasks ----------------------------------------------------------------

    async def _watch(self) -> None:
        if not self._held:
            return
        silent = await in_thread(silent_tasks)
        for account_id, (connection, _) in self._held.items():
            running = self._repairs.get(account_id)
            if not connection.is_live or (running and not running.done()):
                continue
            tasks = silent.get(account_id, [])
            if tasks or connection.repair_wanted:
                work = asyncio.create_task(self._repair(connection, tasks))
                self._repairs[account_id] = work

    async def _repair(self, connection: Connection, tasks: list[int]) -> None:
        connection.repair_wanted = is_read = False
        work = judging(connection.account_id, tasks)
        try:
            looked = look_after(connection, tasks) if tasks else repair(connection)
            is_read = await looked
        except Exception as exc:
            with contextlib.suppress(Error):
                await in_thread(faults.settle, work, exc)
        else:
            faults.over(work)
        finally:
            # May have been set again while history was read.
            connection.repair_wanted |= not is_read
        await self._rest(connection)

    async def _rest(self, connection: Connection) -> None:
        """Wait after history could not be read, longer each time."""
        if not connection.repair_wanted:
            connection.failed_repairs = 0
            return
        connection.failed_repairs += 1
        pause = backoff.delay(connection.failed_repairs, first=REPAIR_REST)
        await asyncio.sleep(pause)


def _look(
    name: str, *, late: bool
) -> tuple[dict[int, leases.Lease], set[int], Addresses]:
    """Renew and take leases.

    Returns them by account id, the ids that other processes should have, and the
    addresses of Discord.
    """
    leases.retire_dead()
    processes = leases.announce(name)
    leased = leases.renew(name)
    share = leases.share(processes)
    if not late and len(leased) < share:
        leased = leases.acquire(name, share - len(leased))
    mine = sorted(pk for pk, lease in leased.items() if lease.is_wanted)
    surplus = set() if late else set(mine[share:])
    return leased, surplus, load_addresses()


def _is_broken(held: _Held) -> bool:
    _, task = held
    return task.done() and (task.cancelled() or task.exception() is not None)


def _is_current(held: _Held, lease: leases.Lease, addresses: Addresses) -> bool:
    """Return whether a connection matches its row and the addresses.

    A connection that returned matches too: it waits for a person, whose edit makes a
    new revision.
    """
    connection, _ = held
    same = connection.identity.revision == lease.revision
    return same and not _is_broken(held) and connection.addresses == addresses


def _load(account_ids: list[int]) -> list[tuple[Identity, Resume, str]]:
    rows = leases.wanted().filter(pk__in=account_ids)
    found = []
    for account in rows.select_related("session").prefetch_related("sub_channels"):
        try:
            found.append(_facts(account))
        except faults.AWAY:
            raise
        except UndecryptableSecret as exc:
            state, why = AccountState.INVALID_TOKEN, faults.reason_of(exc)
            trouble(account.pk, state, why, revision=account.revision)
        except Exception as exc:  # an unreadable row must not stop the others
            faults.settle(connecting(account.pk), exc)
    return found


def _without_proxy(account_id: int, error: UndecryptableSecret) -> None:
    """Mark an account as disconnected until the common proxy can be decrypted."""
    faults.rest(connecting(account_id), PROXY_REST)
    set_state(account_id, AccountState.DISCONNECTED, faults.reason_of(error))


def _facts(account: DiscordAccount) -> tuple[Identity, Resume, str]:
    session = account.session
    identity = identity_of(account)
    if session.token_digest != identity.token_digest:
        # The token may be another user's: the session cannot be resumed.
        return identity, Resume(), ""
    if session.revision < account.anew_revision:
        return identity, Resume(), session.user_id
    resume = Resume(session.session_id, session.seq, session.resume_url)
    return identity, resume, session.user_id


async def _stop(connection: Connection, task: asyncio.Task[None]) -> Exception | None:
    """Stop a connection; return the error with which it broke down, or None."""
    while not task.done():
        # In a loop, because `wait_for` of Python 3.11 swallows a cancel that comes
        # together with the result.
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN)
    with contextlib.suppress(Exception):
        await connection.close()
    error = None if task.cancelled() else task.exception()
    return error if isinstance(error, Exception) else None
