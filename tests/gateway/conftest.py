"""The account of these tests draws in the channel of `wire`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from accounts.backoff import Streaks
from accounts.models import DiscordAccount
from gateway import clients, commands, errands, refusals
from gateway.handlers import Speaker
from tasks import bridge
from tests.factories import make_account
from tests.gateway.fakes import FakeHttp
from tests.gateway.recordings import NOW
from tests.gateway.wire import CHANNEL, GUILD, US


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one test have the numbers of another's: no cache may outlive it."""
    monkeypatch.setattr(commands, "_cache", {})
    monkeypatch.setattr(clients, "_clients", {})
    monkeypatch.setattr(clients, "_addresses", None)
    monkeypatch.setattr(refusals, "_unreached", Streaks())
    monkeypatch.setattr(errands, "_tries", Streaks())


@pytest.fixture
def account(db: None) -> DiscordAccount:
    return make_account(
        channel_id=CHANNEL,
        guild_id=GUILD,
        interval=0,
        after_interval_min=0,
        after_interval_max=0,
    )


@pytest.fixture
def speaker(account: DiscordAccount) -> Speaker:
    return Speaker(account.pk, US, frozenset({CHANNEL}))


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    """Discord's REST. What is sent in the background is waited for.

    For tests with `django_db(transaction=True)`: threads of their own write rows.
    """
    fake = FakeHttp()

    async def client_of(_: DiscordAccount) -> FakeHttp:
        return fake

    monkeypatch.setattr(clients, "client_of", client_of)
    monkeypatch.setattr(bridge, "spawn", bridge.run)
    return fake


@pytest.fixture
def clock(time_machine: Any) -> Any:
    """Time stands still at the moment of the recordings, until it is moved."""
    time_machine.move_to(datetime.fromisoformat(NOW), tick=False)
    return time_machine
