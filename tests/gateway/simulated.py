"""Connections to a simulator in the same process, and how to wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.discord.addresses import Addresses
from gateway.discord.command_index import find_command
from gateway.discord.identity import identity_of
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.constants import MIDJOURNEY_APP
from gateway.simulator.app import Simulator
from gateway.simulator.base.config import Config
from gateway.simulator.state.accounts import AccountSpec, default_accounts
from gateway.sockets.connection import Connection
from gateway.sockets.manager import Manager
from gateway.sockets.reconnect import Resume
from mjproxy.lib.db.threads import in_thread
from tasks.models import Task
from tests.factories import make_account
from tests.gateway.rows import make_session

PATIENCE = 20.0  # seconds after which a wait is a failure
KNOBS = {"http_latency": 0, "identify_gap": 0, "storm_limit": 1000}


@contextlib.asynccontextmanager
async def run_simulator(**knobs: Any) -> AsyncIterator[Simulator]:
    config = Config(
        seed=11, clock_ids=True, speed=200.0, picture_size=64, knobs=KNOBS | knobs
    )
    simulator = Simulator(config)
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


async def control(simulator: Simulator, method: str, path: str, body: Any) -> Any:
    """Send a command to the simulator's control API."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{simulator.url}/_sim{path}", json=body) as response,
    ):
        assert response.status < 300, await response.text()
        return await response.json()


async def jobs_reach(simulator: Simulator, state: str, count: int = 1) -> None:
    reached, counts = await simulator.core.ledger.wait(
        {"jobs": count}, state=state, seconds=PATIENCE
    )
    assert reached, counts


async def sessions_reach(simulator: Simulator, count: int) -> None:
    reached, counts = await simulator.core.ledger.wait(
        {"sessions": count}, state="any", seconds=PATIENCE
    )
    assert reached, counts


def spec_of(number: int) -> AccountSpec:
    return default_accounts(number)[-1]


def make_simulated(number: int = 1, **fields: Any) -> DiscordAccount:
    """Return the row of one of the simulator's accounts."""
    spec = spec_of(number)
    values = {
        "guild_id": spec.guild_id,
        "channel_id": spec.channel_id,
        "user_token": spec.user_token,
        "interval": 0,
        "after_interval_max": 0,
        "state": AccountState.CONNECTING,
    }
    return make_account(**(values | fields))


def make_held(number: int = 1, **fields: Any) -> DiscordAccount:
    """Return a row that is leased, without a session at Discord yet."""
    account = make_simulated(number, **fields)
    make_session(
        account, session_id="", seq=0, user_id="", is_live=False, unbroken_since=None
    )
    return account


def addresses_of(simulator: Simulator) -> Addresses:
    wss = simulator.url.replace("http", "ws", 1)
    return Addresses(
        server=simulator.url,
        wss=f"{wss}/gateway",
        resume_wss=f"{wss}/gateway-resume",
        cdn=simulator.url,
        upload_server="",
        activity="",
        editor="",
        proxy_url="",
        build_number=4711,
    )


@dataclass
class Watch:
    """Counts uses of the database by the gateway, so that waiting tests look again."""

    calls: list[str] = field(default_factory=list)
    ready: int = 0  # how often an account was said to be ready
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def in_thread(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return await in_thread(function, *args, **kwargs)
        finally:
            self.calls.append(getattr(function, "__name__", ""))
            self.ready += AccountState.READY in args
            # The caller goes on first, then the waiting tests look.
            task = asyncio.get_running_loop().create_task(self.notify())
            task.add_done_callback(lambda _: None)

    async def notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def until(self, truth: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait until the condition holds."""
        async with asyncio.timeout(PATIENCE), self._moved:
            while True:
                found = truth()
                if await found if inspect.isawaitable(found) else found:
                    return
                await self._moved.wait()

    async def until_row(self, row: Any, **fields: Any) -> None:
        """Wait until the row has these values."""
        rows = type(row)._default_manager.filter(pk=row.pk, **fields)
        await self.until(lambda: in_thread(rows.exists))


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended: one cancel may be swallowed."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


@dataclass
class Line:
    """A connection under test."""

    connection: Connection
    task: asyncio.Task[None]
    watch: Watch

    async def is_up(self, times: int = 1) -> None:
        """Wait until READY or RESUMED was obeyed for the n-th time."""
        await self.watch.until(
            lambda: self.connection.is_live and self.watch.ready >= times
        )

    async def stop(self) -> None:
        await end(self.task)
        await self.connection.close()


@contextlib.asynccontextmanager
async def connected(
    account: DiscordAccount,
    addresses: Addresses,
    watch: Watch,
    *,
    resume: Resume | None = None,
    user_id: str = "",
    fence: int = 1,
) -> AsyncIterator[Line]:
    """A connection that runs until the block ends."""
    connection = Connection(
        await in_thread(identity_of, account),
        addresses,
        fence,
        resume or Resume(),
        asyncio.Semaphore(1),
        user_id=user_id,
    )
    line = Line(connection, asyncio.create_task(connection.run()), watch)
    try:
        yield line
    finally:
        await line.stop()


async def session_of(account: DiscordAccount) -> GatewaySession:
    return await in_thread(GatewaySession.objects.get, account=account)


async def row_of(account: DiscordAccount) -> DiscordAccount:
    return await in_thread(DiscordAccount.objects.get, pk=account.pk)


async def draw(connection: Connection, task: Task) -> None:
    """Send the task's interaction as dispatch would."""
    http, identity = connection.http, connection.identity
    assert http is not None
    assert task.nonce is not None
    place = payloads.Place(
        MIDJOURNEY_APP,
        identity.channel_id,
        connection.resume.session_id,
        identity.guild_id,
    )
    command = await in_thread(
        find_command, identity.account_id, MIDJOURNEY_APP, "imagine"
    )
    await http.post_interaction(
        payloads.imagine(place, task.nonce, command, task.prompt)
    )


class Running:
    """A manager with its loops."""

    def __init__(self) -> None:
        self.manager = Manager()
        self.task = asyncio.create_task(self.manager.run())

    async def die(self) -> None:
        """End without giving anything back, as after kill -9."""
        await end(self.task)
        for _, task in self.manager._held.values():
            await end(task)

    async def stop(self) -> None:
        await end(self.task)
        await self.manager.close()

    def connection_of(self, account: DiscordAccount) -> Connection | None:
        held = self.manager._held.get(account.pk)
        return held[0] if held else None


@contextlib.asynccontextmanager
async def run_manager() -> AsyncIterator[Running]:
    running = Running()
    try:
        yield running
    finally:
        await running.stop()
