"""All sockets of a process, against the simulator: who holds which account."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from accounts.editing.save import set_enabled
from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway import leases
from gateway.discord.addresses import load_addresses
from gateway.discord.identity import identity_of
from gateway.models import GatewayProcess, GatewaySession, GatewaySettings
from gateway.simulator.app import Simulator
from gateway.sockets import connection, manager
from gateway.sockets.manager import Manager
from gateway.sockets.reconnect import Resume
from mjproxy.lib.db.threads import in_thread
from tasks.enums import TaskStatus
from tests.gateway.rows import make_running
from tests.gateway.simulated import (
    Running,
    Watch,
    addresses_of,
    control,
    draw,
    jobs_reach,
    make_simulated,
    row_of,
    run_manager,
    run_simulator,
    session_of,
    sessions_reach,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_simulated()


async def test_it_holds_every_enabled_account(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    second = await in_thread(make_simulated, 2)
    off = await in_thread(make_simulated, 3, enabled=False)

    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        await watch.until_row(second, state=AccountState.READY)

        session = await session_of(account)
        assert session.holder == running.manager.name
        assert running.connection_of(off) is None
        assert simulator.hub.live_count() == 2


async def test_an_account_that_is_switched_off_is_left(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)

        await in_thread(set_enabled, await row_of(account), enabled=False)
        running.manager.kick()

        await sessions_reach(simulator, 0)
        await watch.until(lambda: running.connection_of(account) is None)
        await watch.until_row(await session_of(account), holder="")


async def test_an_account_that_was_deleted_is_left(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        await watch.until(lambda: "sync_if_due" in watch.calls)
        pk = account.pk

        await in_thread(account.delete)

        await watch.until(lambda: pk not in running.manager._held)


async def test_another_token_is_another_user_and_resumes_nothing(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager():
        await watch.until_row(account, state=AccountState.READY)
        old = await session_of(account)
        rows = DiscordAccount.objects.filter(pk=account.pk)
        other = await in_thread(make_simulated, 2, enabled=False)

        await in_thread(
            rows.update, user_token=other.user_token, revision=account.revision + 1
        )

        await watch.until(lambda: watch.ready >= 2)
        new = await session_of(account)
        assert new.session_id != old.session_id
        assert new.user_id != old.user_id


async def test_new_addresses_are_obeyed(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with run_simulator() as elsewhere, run_manager():
        await watch.until_row(account, state=AccountState.READY)
        there = addresses_of(elsewhere)

        row = await in_thread(GatewaySettings.get_solo)
        row.server, row.wss, row.resume_wss = there.server, there.wss, there.resume_wss
        await in_thread(row.save)

        await sessions_reach(elsewhere, 1)


async def test_a_dead_token_ends_the_connection_for_good(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)

        await control(simulator, "POST", "/accounts", {"revoke": "account-1"})

        await watch.until_row(account, state=AccountState.INVALID_TOKEN)
        await watch.until(lambda: running.connection_of(account) is None)
        assert list(simulator.core.ledger.violations) == []


# --- leases --------------------------------------------------------------------------


async def test_another_process_takes_over_when_one_dies(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = timedelta(milliseconds=300)
    monkeypatch.setattr(leases, "LEASE", short)
    monkeypatch.setattr(leases, "PROCESS_GONE", short)
    first = Running()
    await watch.until_row(account, state=AccountState.READY)
    before = await session_of(account)

    await first.die()
    async with run_manager() as second:
        await watch.until(lambda: watch.ready >= 2)

        after = await session_of(account)
        assert after.holder == second.manager.name
        assert after.fence == before.fence + 1
        assert after.session_id == before.session_id
        assert after.unbroken_since == before.unbroken_since
        (at_discord,) = simulator.hub.of(None)
        assert at_discord.resumes == 1


async def test_who_lost_the_lease_closes_the_socket(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        rows = GatewaySession.objects.filter(account=account)

        await in_thread(rows.update, holder="another", fence=99)

        await watch.until(lambda: running.connection_of(account) is None)
        await sessions_reach(simulator, 0)
        assert (await session_of(account)).holder == "another"


async def test_two_processes_share_the_accounts(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    second = await in_thread(make_simulated, 2)

    async with run_manager() as one:
        await watch.until_row(second, state=AccountState.READY)
        async with run_manager() as other:
            await watch.until(lambda: len(other.manager._held) == 1)
            await watch.until(lambda: len(one.manager._held) == 1)
            assert set(one.manager._held) | set(other.manager._held) == {
                account.pk,
                second.pk,
            }
            await watch.until(lambda: watch.ready >= 3)


async def test_the_end_waits_for_a_look_that_was_given_up(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    announce = leases.announce

    def slow(name: str) -> int:
        begun.set()
        assert may_go_on.wait(20)
        return announce(name)

    monkeypatch.setattr(leases, "announce", slow)
    ending = manager.Manager()
    running = asyncio.create_task(ending.run())
    assert await asyncio.to_thread(begun.wait, 20)
    running.cancel()
    await asyncio.wait({running})

    closing = asyncio.create_task(ending.close())
    await asyncio.wait({closing}, timeout=0.5)
    may_go_on.set()
    await closing

    assert await in_thread(GatewayProcess.objects.count) == 0
    assert not (await session_of(account)).is_held


async def test_a_clean_end_gives_everything_back(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with run_manager():
        await watch.until_row(account, state=AccountState.READY)

    session = await session_of(account)
    assert not session.is_held
    assert await in_thread(GatewayProcess.objects.count) == 0
    (at_discord,) = simulator.hub.of(None)  # it can still be resumed
    assert at_discord.id == session.session_id


# --- trouble -------------------------------------------------------------------------


async def test_sockets_stay_while_the_database_is_away(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures: list[str] = []
    renewed: list[str] = []
    real = leases.renew

    def renew(name: str) -> dict[int, leases.Lease]:
        if len(failures) < 3:
            failures.append(name)
            raise OperationalError("away")
        renewed.append(name)
        return real(name)

    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        before = running.connection_of(account)

        monkeypatch.setattr(leases, "renew", renew)
        await watch.until(lambda: renewed != [])

        assert running.connection_of(account) is before
        assert simulator.hub.live_count() == 1


async def test_a_connection_that_broke_down_is_made_anew(
    simulator: Simulator,
    watch: Watch,
    account: DiscordAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with run_manager():
        await watch.until_row(account, state=AccountState.READY)
        failed: list[Any] = []

        def note_session(*args: Any, **kwargs: Any) -> bool:
            if not failed and kwargs.get("is_live") is False:
                failed.append(kwargs)
                raise OperationalError("away")
            return leases.note_session(*args, **kwargs)

        monkeypatch.setattr(connection, "note_session", note_session)
        await control(simulator, "POST", "/gateway/drop", {})

        await watch.until(lambda: watch.ready >= 2)
        assert failed
        assert simulator.hub.live_count() == 1


async def not_connected(account: DiscordAccount) -> connection.Connection:
    return connection.Connection(
        identity=await in_thread(identity_of, account),
        addresses=await in_thread(load_addresses),
        fence=1,
        resume=Resume(),
        connect_slots=asyncio.Semaphore(1),
        is_live=True,
    )


async def test_an_account_may_go_while_silent_tasks_are_looked_for(
    watch: Watch, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Manager()
    done = asyncio.create_task(asyncio.sleep(0))
    found._held[account.pk] = await not_connected(account), done

    def silent_tasks() -> dict[int, list[int]]:
        found._held.clear()
        return {account.pk: [1]}

    monkeypatch.setattr(manager, "silent_tasks", silent_tasks)

    await found._watch()

    assert found._repairs == {}


async def test_a_connection_that_swallows_its_cancel_ends_all_the_same(
    account: DiscordAccount,
) -> None:
    found = Manager()
    deaf = asyncio.Event()

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            deaf.set()
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    found._held[account.pk] = await not_connected(account), task
    await deaf.wait()

    await asyncio.wait_for(found.close(), 20)

    assert task.cancelled()


async def test_what_was_missed_is_read_from_history(
    simulator: Simulator, watch: Watch, account: DiscordAccount, alice: User
) -> None:
    rule = {"match": {"phase": "final"}, "effect": {"drop": True}}
    await control(simulator, "POST", "/rules", rule)
    async with run_manager() as running:
        await watch.until_row(account, state=AccountState.READY)
        task = await in_thread(make_running, alice, account)
        held = running.connection_of(account)
        assert held is not None
        await draw(held, task)
        await jobs_reach(simulator, "finished")

        held.repair_wanted = True

        await watch.until_row(task, status=TaskStatus.SUCCESS)
