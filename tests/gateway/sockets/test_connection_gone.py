"""A connection whose socket has gone says so, whenever that is noticed."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from accounts.models import DiscordAccount
from gateway.protocol.constants import Event
from gateway.simulator.app import Simulator
from gateway.sockets import connection
from tests.gateway.simulated import (
    Line,
    Watch,
    control,
    make_held,
    session_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_held()


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

    real = connection.Connection._went_down

    async def went_down(self: connection.Connection, reason: str = "") -> None:
        await real(self, reason)
        if not self._up.is_set():
            gone.set()

    monkeypatch.setattr(connection.Connection, "_went_down", went_down)
    monkeypatch.setattr(connection, "in_thread", in_thread_slowly)
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
