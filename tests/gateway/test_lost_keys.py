"""A secret that fits no encryption key is a matter of its own row alone."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from accounts.editing.save import save_account
from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.models import GatewaySettings
from gateway.simulator.app import Simulator
from mjproxy.lib.db.encrypted_field import Sealed
from mjproxy.lib.db.threads import in_thread
from tests.gateway.simulated import (
    Watch,
    make_simulated,
    row_of,
    run_manager,
    spec_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

LOST = Sealed(Fernet(Fernet.generate_key()).encrypt(b"of another key").decode())


@pytest.mark.parametrize("name", ["user_token", "proxy_url"])
async def test_an_account_with_a_lost_secret_waits_for_it_and_all_others_work(
    simulator: Simulator, watch: Watch, name: str
) -> None:
    lost = await in_thread(make_simulated, 1)
    well = await in_thread(make_simulated, 2)
    rows = DiscordAccount.objects.filter(pk=lost.pk)
    await in_thread(lambda: rows.update(**{name: LOST}))

    async with run_manager() as running:
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

    async with run_manager() as running:
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
