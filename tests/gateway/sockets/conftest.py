"""Fixtures of sockets that an account has at the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from accounts.models import DiscordAccount
from gateway.simulator.app import Simulator
from tests.gateway.simulated import Line, Watch, addresses_of, connected


@pytest.fixture
async def line(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> AsyncIterator[Line]:
    """A connection of the account that is up."""
    async with connected(account, addresses_of(simulator), watch) as found:
        await found.is_up()
        yield found
