"""A row says that a socket is open only while it is, with the simulator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from accounts.editing.save import set_enabled
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway import leases
from gateway.models import GatewayProcess, GatewaySession
from gateway.simulator.app import Simulator
from gateway.sockets import connection
from mjproxy.lib.db import clock
from mjproxy.lib.db.threads import in_thread
from tests.gateway.simulated import (
    Watch,
    control,
    make_simulated,
    row_of,
    run_manager,
    session_of,
    sessions_reach,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_simulated()


async def test_a_broken_connection_is_not_confirmed_by_the_next_renewal(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row could not be written when it broke: it still says that it is live."""
    live_at_renewal: list[bool] = []
    real = leases.renew

    async with run_manager():
        await watch.until_row(account, state=AccountState.READY)
        failed: list[Any] = []

        def note_session(*args: Any, **kwargs: Any) -> bool:
            if not failed and kwargs.get("is_live") is False:
                failed.append(kwargs)
                raise OperationalError("away")
            return leases.note_session(*args, **kwargs)

        def renew(name: str) -> dict[int, leases.Lease]:
            row = GatewaySession.objects.get(account=account)
            if failed:
                live_at_renewal.append(row.is_live)
            return real(name)

        monkeypatch.setattr(connection, "note_session", note_session)
        monkeypatch.setattr(leases, "renew", renew)
        await control(simulator, "POST", "/gateway/drop", {})
        await watch.until(lambda: len(live_at_renewal) >= 2)

        # A look may have begun just before the connection broke.
        assert False in live_at_renewal[:2]


async def test_a_socket_is_closed_only_after_its_row_says_so(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live_at_close: list[bool] = []
    real = connection.Connection.run

    async def run(self: connection.Connection) -> None:
        try:
            await real(self)
        except asyncio.CancelledError:
            live_at_close.append((await session_of(account)).is_live)
            raise

    monkeypatch.setattr(connection.Connection, "run", run)
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)

        await in_thread(set_enabled, await row_of(account), enabled=False)
        running.manager.kick()

        await watch.until(lambda: live_at_close != [])
        assert live_at_close == [False]


async def test_with_a_wrong_clock_it_leaves_all_accounts_until_it_is_right(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        monkeypatch.setattr(clock, "skew", lambda: 9.0)
        clock._seen.at = None
        running.manager.kick()

        await sessions_reach(simulator, 0)
        await watch.until_row(await session_of(account), holder="", is_live=False)
        await watch.until(lambda: running.manager._held == {})
        await watch.until(_no_process)

        monkeypatch.setattr(clock, "skew", lambda: 0.0)
        clock._seen.at = None
        await watch.until_row(await session_of(account), is_live=True)
        assert running.connection_of(account) is not None


async def _no_process() -> bool:
    return not await in_thread(GatewayProcess.objects.exists)
