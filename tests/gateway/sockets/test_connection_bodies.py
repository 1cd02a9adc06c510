"""A connection comes up although answers lose their bodies on the way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.simulator.app import Simulator
from gateway.sockets import connection as module
from gateway.sockets import writer
from mjproxy.lib.process import backoff
from tests.gateway.simulated import (
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
    make_simulated,
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


@pytest.mark.parametrize("form", ["empty", "half", "html"])
async def test_answers_that_are_no_json_are_asked_for_again(
    simulator: Simulator, account: DiscordAccount, watch: Watch, form: str
) -> None:
    await control(simulator, "PATCH", "/knobs", {"garbled": form})

    async with connected(account, addresses_of(simulator), watch) as line:
        await watch.until_row(account, state=AccountState.DISCONNECTED)
        await control(simulator, "PATCH", "/knobs", {"garbled": ""})
        await line.is_up()

    assert not simulator.core.ledger.violations


@pytest.mark.parametrize(
    "route", ["POST /users/@me/channels", "GET /guilds/*/application-command-index"]
)
@pytest.mark.parametrize("body", ["", '{"id": "1', "<html>"])
async def test_ready_is_not_lost_by_an_answer_that_is_no_json(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    route: str,
    body: str,
) -> None:
    # Connected anew, it opens the channels that READY does not name.
    account.anew_revision = account.revision
    monkeypatch.setattr(module, "found_in", lambda *_: None)
    said = {"body": body, "headers": {"Content-Type": "application/json"}}
    rule = {"match": {"route": route}, "effect": {"http": said}, "times": 1}
    await control(simulator, "POST", "/rules", rule)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()

    asked = [request["path"] for request in simulator.core.ledger.requests]
    assert len([path for path in asked if path.startswith("/gateway")]) == 1
    assert "/api/v9/users/@me/channels" in asked
