"""A connection comes up although answers lose their bodies on the way."""

from __future__ import annotations

import pytest

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.simulator.app import Simulator
from gateway.sockets import connection
from tests.gateway.simulated import (
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_held()


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
    monkeypatch.setattr(connection, "found_in", lambda *_: None)
    said = {"body": body, "headers": {"Content-Type": "application/json"}}
    rule = {"match": {"route": route}, "effect": {"http": said}, "times": 1}
    await control(simulator, "POST", "/rules", rule)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()

    asked = [request["path"] for request in simulator.core.ledger.requests]
    assert len([path for path in asked if path.startswith("/gateway")]) == 1
    assert "/api/v9/users/@me/channels" in asked
