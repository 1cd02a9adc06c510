"""A connection whose socket has gone says so, whenever that is noticed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from accounts.models import DiscordAccount
from gateway.protocol.constants import Event
from gateway.simulator.app import Simulator
from gateway.sockets import connection as module
from gateway.sockets import writer
from mjproxy.lib.process import backoff
from tests.gateway.simulated import (
    Line,
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
    make_simulated,
    session_of,
    simulating,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    account = make_simulated()
    make_held(account)
    return account


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with simulating() as found:
        yield found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """No pause between attempts; the use of the database can be waited for."""
    found = Watch()
    monkeypatch.setattr(module, "in_thread", found.in_thread)
    monkeypatch.setattr(writer, "in_thread", found.in_thread)
    monkeypatch.setattr("gateway.sockets.handshake.IDENTIFY_PACE", 0.0)
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    monkeypatch.setattr(backoff, "delay", lambda attempt, **_: 0.0)
    return found


@pytest.fixture
async def line(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> AsyncIterator[Line]:
    """A connection that is up."""
    async with connected(account, addresses_of(simulator), watch) as found:
        await found.is_up()
        yield found


async def test_a_greeting_that_is_read_after_its_socket_has_gone_counts_for_nothing(
    simulator: Simulator, account: DiscordAccount, line: Line, watch: Watch
) -> None:
    await control(simulator, "POST", "/gateway/drop", {"seconds": 3600})
    await watch.until_row(await session_of(account), is_live=False)

    await line.connection._process([(0, Event.RESUMED, {})])

    assert not (await session_of(account)).is_live
    assert not line.connection.is_live


async def test_a_socket_that_goes_while_its_row_is_written_is_down(
    simulator: Simulator,
    account: DiscordAccount,
    line: Line,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = asyncio.Event()
    refused = {"seconds": 3600}

    async def in_thread_slowly(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("is_live"):
            await control(simulator, "POST", "/gateway/drop", refused)
            await asyncio.wait_for(gone.wait(), 20)
        return await watch.in_thread(function, *args, **kwargs)

    real = module.Connection._went_down

    async def went_down(self: module.Connection, reason: str = "") -> None:
        await real(self, reason)
        if not self._up.is_set():
            gone.set()

    monkeypatch.setattr(module.Connection, "_went_down", went_down)
    monkeypatch.setattr(module, "in_thread", in_thread_slowly)
    await control(simulator, "POST", "/gateway/reconnect", {})

    await watch.until_row(await session_of(account), is_live=False)
    await asyncio.wait_for(gone.wait(), 20)
    await watch.until_row(await session_of(account), is_live=False)
    assert not line.connection.is_live


async def test_a_session_that_was_ended_is_down_at_once_not_after_a_pause(
    simulator: Simulator, line: Line, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bool] = []
    watch.calls.clear()

    def uniform(low: float, high: float) -> float:
        if (low, high) == (1, 5):
            noted.append("note_session" in watch.calls)
        return 0.0

    monkeypatch.setattr(random, "uniform", uniform)

    await control(simulator, "POST", "/gateway/invalid_session", {})

    await line.is_up(2)
    assert noted == [True]
