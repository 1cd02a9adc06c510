"""What an account's state means for its socket, against the simulator."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.enums import AccountState
from accounts.models import DiscordAccount, User
from accounts.services import set_enabled
from accounts.standing import follow_work_hours, resume_due
from gateway import connection, manager
from gateway.models import GatewaySettings
from gateway.simulator.app import Simulator
from tasks.database import in_thread
from tasks.services import fail
from tests.gateway.rows import make_running
from tests.gateway.sockets import (
    Watch,
    addresses_of,
    control,
    make_simulated,
    managing,
    row_of,
    sessions_reach,
    simulating,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with simulating() as found:
        there = addresses_of(found)
        discord = {name: getattr(there, name) for name in GatewaySettings.ADDRESSES}
        monkeypatch.setattr(settings, "DISCORD", discord)
        yield found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """No pause between attempts or looks; the use of the database can be waited for."""
    found = Watch()
    for module in (connection, manager):
        monkeypatch.setattr(module, "in_thread", found.in_thread)
    monkeypatch.setattr(connection, "IDENTIFY_PACE", 0.0)
    monkeypatch.setattr(manager, "TICK", 0.05)
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    return found


@pytest.fixture
def account() -> DiscordAccount:
    return make_simulated()


async def test_an_account_that_rests_closes_its_socket_after_its_last_drawing(
    simulator: Simulator, watch: Watch, account: DiscordAccount, alice: User
) -> None:
    async with managing() as running:
        await watch.until_row(account, state=AccountState.READY)
        task = await in_thread(make_running, alice, account)
        hours = DiscordAccount.objects.filter(pk=account.pk)
        await in_thread(hours.update, work_time=_hours_that_are_over())

        await in_thread(follow_work_hours)
        await watch.until_row(account, state=AccountState.RESTING)
        await running.manager._reconcile()
        assert simulator.hub.live_count() == 1
        await in_thread(fail, task.pk, "over")
        running.manager.kick()

        await sessions_reach(simulator, 0)
        await in_thread(hours.update, resume_at=timezone.now())
        await in_thread(hours.update, work_time="")
        await in_thread(resume_due)
        running.manager.kick()
        await watch.until_row(account, state=AccountState.READY)


async def test_a_final_end_is_not_tried_again_before_a_person_acts(
    simulator: Simulator, watch: Watch, account: DiscordAccount
) -> None:
    async with managing() as running:
        await watch.until_row(account, state=AccountState.READY)
        await control(simulator, "POST", "/gateway/close", {"code": 4012})
        await watch.until_row(account, state=AccountState.PAUSED)
        before = running.connection_of(account)

        await running.manager._reconcile()
        assert running.connection_of(account) is before
        await in_thread(set_enabled, await row_of(account), enabled=True)
        running.manager.kick()

        await watch.until_row(account, state=AccountState.READY)


def _hours_that_are_over() -> str:
    begin = timezone.localtime() + timedelta(hours=2)
    return f"{begin:%H:%M}-{begin + timedelta(hours=1):%H:%M}"
