"""One account's socket, against the simulator."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from gateway.models import CommandIndex, GatewaySession
from gateway.simulator.app import Simulator
from gateway.sockets.reconnect import Resume
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import backoff
from tasks.enums import TaskStatus
from tasks.models import Task
from tests.gateway.rows import make_running
from tests.gateway.simulated import (
    Line,
    Watch,
    addresses_of,
    connected,
    control,
    draw,
    jobs_reach,
    make_held,
    row_of,
    run_simulator,
    session_of,
    sessions_reach,
    spec_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_held()


# --- coming up -----------------------------------------------------------------------


async def test_it_comes_up_and_says_so(
    simulator: Simulator, account: DiscordAccount, line: Line
) -> None:
    (at_discord,) = simulator.hub.of(None)
    session = await session_of(account)

    assert session.is_live
    assert session.session_id == at_discord.id
    assert session.user_id == spec_of(1).user_id
    assert session.token_digest == line.connection.identity.token_digest
    assert session.unbroken_since is not None
    assert (await row_of(account)).state == AccountState.READY
    assert line.connection.repair_wanted
    index = await in_thread(CommandIndex.objects.get, account=account)
    assert {command["name"] for command in index.commands} >= {"imagine"}
    assert list(simulator.core.ledger.violations) == []


async def test_it_greets_only_after_hello(
    account: DiscordAccount, watch: Watch
) -> None:
    async with run_simulator(hello_delay=0.2) as slow:
        async with connected(account, addresses_of(slow), watch) as found:
            await found.is_up()

        assert list(slow.core.ledger.violations) == []


async def test_a_drawing_is_followed_to_its_picture(
    simulator: Simulator,
    account: DiscordAccount,
    alice: User,
    line: Line,
    watch: Watch,
) -> None:
    task = await in_thread(make_running, alice, account)

    await draw(line.connection, task)

    await watch.until_row(task, status=TaskStatus.SUCCESS)
    (job,) = simulator.core.ledger.jobs.values()
    assert (await in_thread(Task.objects.get, pk=task.pk)).job_id == job.uuid


async def test_a_stale_holder_does_not_come_up(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> None:
    async with connected(account, addresses_of(simulator), watch, fence=0) as line:
        await watch.until(lambda: "note_session" in watch.calls)

        assert not line.connection.is_live
        assert "set_state" not in watch.calls
        assert not (await session_of(account)).is_live


# --- coming back ---------------------------------------------------------------------


async def test_a_resume_after_a_cut_replays_what_was_missed(
    simulator: Simulator,
    account: DiscordAccount,
    alice: User,
    line: Line,
    watch: Watch,
) -> None:
    rule = {"match": {}, "effect": {"finish_at": 31}}
    await control(simulator, "POST", "/rules", rule)
    task = await in_thread(make_running, alice, account)
    await draw(line.connection, task)
    await watch.until_row(task, progress=31)
    before = await session_of(account)
    line.connection.repair_wanted = False

    async with line.connection.connect_slots:  # nobody comes in meanwhile
        await control(simulator, "POST", "/gateway/drop", {})
        await watch.until(lambda: not line.connection.is_live)
        await control(simulator, "POST", "/release", {})
        await jobs_reach(simulator, "finished")

    await watch.until_row(task, status=TaskStatus.SUCCESS)
    await line.is_up(2)
    after = await session_of(account)
    (at_discord,) = simulator.hub.of(None)
    assert at_discord.resumes == 1
    assert after.session_id == before.session_id
    assert after.unbroken_since == before.unbroken_since
    assert not line.connection.repair_wanted


async def test_down_is_said_and_the_outage_noted(
    simulator: Simulator, account: DiscordAccount, line: Line, watch: Watch
) -> None:
    async with line.connection.connect_slots:
        await control(simulator, "POST", "/gateway/drop", {})
        await watch.until_row(account, state=AccountState.DISCONNECTED)
        session = await session_of(account)
        assert not session.is_live
        assert session.down_since is not None

    await line.is_up(2)
    assert (await row_of(account)).state == AccountState.READY
    assert (await session_of(account)).down_since is None


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("reconnect", {}),
        ("close", {"code": 4000}),
        ("close", {"code": 4008}),
        ("drop", {"mid_frame": True}),
        ("invalid_session", {"resumable": True}),
    ],
)
async def test_it_resumes_after_every_end_that_allows_it(
    simulator: Simulator, line: Line, verb: str, body: dict[str, object]
) -> None:
    await control(simulator, "POST", f"/gateway/{verb}", body)

    await line.is_up(2)
    (at_discord,) = simulator.hub.of(None)
    assert at_discord.resumes == 1


@pytest.mark.parametrize("how", ["refused", "invalidated", "ended"])
async def test_without_its_session_it_identifies_and_wants_repair(
    simulator: Simulator, account: DiscordAccount, line: Line, how: str
) -> None:
    before = await session_of(account)
    line.connection.repair_wanted = False

    if how == "refused":
        await control(simulator, "PATCH", "/knobs", {"refuse_resume": True})
        await control(simulator, "POST", "/gateway/drop", {})
    elif how == "invalidated":
        await control(simulator, "POST", "/gateway/invalid_session", {})
    else:
        await control(
            simulator, "POST", "/gateway/close", {"code": 4009, "resumable": False}
        )

    await line.is_up(2)
    after = await session_of(account)
    assert after.session_id != before.session_id
    assert after.unbroken_since is not None
    assert before.unbroken_since is not None
    assert after.unbroken_since > before.unbroken_since
    assert line.connection.repair_wanted


async def test_unanswered_heartbeats_end_the_socket_but_not_the_session(
    account: DiscordAccount, watch: Watch
) -> None:
    async with (
        run_simulator(heartbeat_interval=0.1, heartbeat_misses=1000) as simulator,
        connected(account, addresses_of(simulator), watch) as line,
    ):
        await line.is_up()
        await control(simulator, "POST", "/gateway/pause", {"silent": True})

        await line.is_up(2)

        (at_discord,) = simulator.hub.of(None)
        assert at_discord.resumes == 1


async def test_a_clean_close_keeps_the_session_for_another(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> None:
    async with connected(account, addresses_of(simulator), watch) as first:
        await first.is_up()
    kept = await session_of(account)
    resume = Resume(kept.session_id, kept.seq, kept.resume_url)

    async with connected(
        account, addresses_of(simulator), watch, resume=resume, user_id=kept.user_id
    ) as second:
        await second.is_up(2)

        (at_discord,) = simulator.hub.of(None)
        assert (at_discord.id, at_discord.resumes) == (kept.session_id, 1)
        assert not second.connection.repair_wanted


async def test_refused_connections_are_repeated_at_growing_distance(
    account: DiscordAccount, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []
    enough = asyncio.Event()

    def delay(attempt: int) -> float:
        attempts.append(attempt)
        if attempt == 4:
            enough.set()
        return 0.0

    monkeypatch.setattr("gateway.sockets.handshake.IDENTIFY_PACE", 0.0)
    monkeypatch.setattr(backoff, "delay", delay)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nowhere = replace(addresses_of(simulator), wss=f"ws://127.0.0.1:{port}")

    async with connected(account, nowhere, Watch(), user_id="1"):
        await asyncio.wait_for(enough.wait(), 20)

    assert attempts[:4] == [1, 2, 3, 4]


async def test_a_server_that_fails_is_asked_again(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> None:
    rule = {
        "match": {"route": "GET /users/@me"},
        "effect": {"http": {"status": 403, "body": {"message": "no", "code": 0}}},
        "times": 2,
    }
    await control(simulator, "POST", "/rules", rule)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()


# --- for a person --------------------------------------------------------------------


async def test_a_dead_token_switches_the_account_off(
    simulator: Simulator, account: DiscordAccount, line: Line
) -> None:
    await control(simulator, "POST", "/accounts", {"revoke": "account-1"})

    await asyncio.wait_for(line.task, 20)

    found = await row_of(account)
    assert found.state == AccountState.INVALID_TOKEN
    assert "4004" in found.state_reason
    assert list(simulator.core.ledger.violations) == []


async def test_a_token_that_rest_refuses_is_dead_too(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> None:
    await control(
        simulator, "POST", "/accounts", {"revoke": "account-1", "close": False}
    )

    async with connected(account, addresses_of(simulator), watch) as line:
        await asyncio.wait_for(line.task, 20)

    assert (await row_of(account)).state == AccountState.INVALID_TOKEN


@pytest.mark.parametrize("code", [4010, 4012, 4013, 4014])
async def test_other_final_ends_pause_the_account(
    simulator: Simulator, account: DiscordAccount, line: Line, code: int
) -> None:
    await control(simulator, "POST", "/gateway/close", {"code": code})

    await asyncio.wait_for(line.task, 20)

    found = await row_of(account)
    assert found.state == AccountState.PAUSED
    assert str(code) in found.state_reason


async def test_a_stale_holder_says_nothing(
    simulator: Simulator, account: DiscordAccount, line: Line
) -> None:
    sessions = GatewaySession.objects.filter(account=account)
    await in_thread(sessions.update, fence=2)

    await control(simulator, "POST", "/accounts", {"revoke": "account-1"})
    await asyncio.wait_for(line.task, 20)

    assert (await row_of(account)).state == AccountState.READY
    await sessions_reach(simulator, 0)
