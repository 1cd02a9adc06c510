"""A secret that fits no encryption key is a matter of its own row alone."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as loaded

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.models import GatewaySettings
from gateway.simulator.app import Simulator
from gateway.sockets import connection, manager, writer
from mjproxy.lib.db.encrypted_field import Sealed
from mjproxy.lib.db.threads import in_thread
from tests.gateway.simulated import (
    Watch,
    addresses_of,
    make_simulated,
    managing,
    row_of,
    simulating,
    spec_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

LOST = Sealed(Fernet(Fernet.generate_key()).encrypt(b"of another key").decode())


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with simulating() as found:
        there = addresses_of(found)
        discord = {name: getattr(there, name) for name in GatewaySettings.ADDRESSES}
        monkeypatch.setattr(loaded, "DISCORD", discord)
        yield found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    for module in (connection, manager):
        monkeypatch.setattr(module, "in_thread", found.in_thread)
        monkeypatch.setattr(writer, "in_thread", found.in_thread)
    monkeypatch.setattr("gateway.sockets.handshake.IDENTIFY_PACE", 0.0)
    monkeypatch.setattr(manager, "TICK", 0.05)
    monkeypatch.setattr(manager, "PROXY_REST", 0.0)
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    return found


@pytest.mark.parametrize("name", ["user_token", "proxy_url"])
async def test_an_account_with_a_lost_secret_waits_for_it_and_all_others_work(
    simulator: Simulator, watch: Watch, name: str
) -> None:
    lost = await in_thread(make_simulated, 1)
    well = await in_thread(make_simulated, 2)
    rows = DiscordAccount.objects.filter(pk=lost.pk)
    await in_thread(lambda: rows.update(**{name: LOST}))

    async with managing() as running:
        await watch.until_row(well, state=AccountState.READY)
        await watch.until_row(lost, state=AccountState.INVALID_TOKEN)
        row = await row_of(lost)
        assert f"{name} fits no encryption key: enter it again" in row.state_reason

        value = spec_of(1).user_token if name == "user_token" else ""
        setattr(row, name, value)
        await in_thread(save_account, row)
        running.manager.kick()
        await watch.until_row(lost, state=AccountState.READY)


async def test_a_lost_proxy_of_all_holds_up_those_without_their_own(
    simulator: Simulator, watch: Watch
) -> None:
    account = await in_thread(make_simulated)
    await in_thread(_set_proxy_of_all, LOST)

    async with managing() as running:
        await watch.until_row(account, state=AccountState.DISCONNECTED)
        reason = (await row_of(account)).state_reason
        assert "proxy_url fits no encryption key: enter it again" in reason
        assert simulator.hub.live_count() == 0  # never without its proxy

        await in_thread(_set_proxy_of_all, "")
        running.manager.kick()
        await watch.until_row(account, state=AccountState.READY)


def _set_proxy_of_all(value: Any) -> None:
    row = GatewaySettings.get_solo()
    row.proxy_url = value
    row.save()
