"""A wish to read history outlives whatever fails meanwhile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from accounts.models import DiscordAccount
from gateway.sockets import manager
from gateway.sockets.manager import Manager
from mjproxy.lib import faults
from mjproxy.lib.process import backoff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def idle(account: DiscordAccount, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As much of a connection as reading its history needs."""
    monkeypatch.setattr(backoff, "delay", lambda *_, **__: 0.0)
    return SimpleNamespace(
        account_id=account.pk, repair_wanted=True, failed_repairs=0, is_live=True
    )


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_a_database_that_fails_twice_leaves_it_wanted(
    idle: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def away(*_: Any) -> bool:
        raise error

    def away_too(*_: Any) -> None:
        raise error

    monkeypatch.setattr(manager, "repair", away)
    monkeypatch.setattr(faults, "settle", away_too)

    await Manager()._repair(idle, [])

    assert idle.repair_wanted
    assert idle.failed_repairs == 1


async def test_an_event_that_is_lost_meanwhile_leaves_it_wanted(
    idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reads(*_: Any) -> bool:
        idle.repair_wanted = True  # as the loss of an event does
        return True

    monkeypatch.setattr(manager, "repair", reads)

    await Manager()._repair(idle, [])

    assert idle.repair_wanted


async def test_the_next_connection_of_the_account_has_it_to_do(
    idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()

    async def reads(*_: Any) -> bool:
        reading.set()
        await asyncio.Event().wait()
        return True

    async def stopped(*_: Any) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(manager, "repair", reads)
    monkeypatch.setattr(manager, "_stop", stopped)
    found = Manager()
    ended: Any = asyncio.get_running_loop().create_future()
    found._held[idle.account_id] = idle, ended
    found._repairs[idle.account_id] = asyncio.create_task(found._repair(idle, []))
    await reading.wait()

    found._end(idle.account_id)
    await asyncio.gather(*found._ending.values())

    assert found._unrepaired == {idle.account_id}
