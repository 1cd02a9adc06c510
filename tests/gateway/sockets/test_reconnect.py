"""Lost connections: tried again later each time, with a reason, and not for ever."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from discord.errors import RateLimited

from accounts.enums import AccountState
from accounts.models import DiscordAccount
from gateway.discord.rest import DiscordHttp
from gateway.discord.transport.json_bodies import NotDiscord
from gateway.models import CommandIndex
from gateway.simulator.app import Simulator
from gateway.sockets import batches, connection, reconnect
from gateway.sockets.reconnect import ReconnectPauses
from mjproxy.lib import faults
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process import backoff
from tests.gateway.simulated import (
    Watch,
    addresses_of,
    connected,
    control,
    make_held,
    row_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> DiscordAccount:
    return make_held()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> list[int]:
    """The attempts before which there was a pause, none of which is waited for."""
    found: list[int] = []

    def delay(attempt: int, **_: Any) -> float:
        found.append(attempt)
        return 0.0

    monkeypatch.setattr(backoff, "delay", delay)
    return found


async def index_answers(simulator: Simulator, status: int, times: int) -> None:
    rule = {
        "match": {"route": "GET /guilds/*/application-command-index"},
        "effect": {"http": {"status": status, "body": {"message": "no", "code": 0}}},
        "times": times,
    }
    await control(simulator, "POST", "/rules", rule)


def warnings(caplog: pytest.LogCaptureFixture, words: str) -> int:
    loud = (r for r in caplog.records if r.levelno >= logging.WARNING)
    return sum(words in record.message for record in loud)


# --- the command index ---------------------------------------------------------------


async def test_without_commands_the_socket_stays_and_the_account_says_why(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    pauses: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await index_answers(simulator, 503, 4)
    seen: list[tuple[str, str]] = []

    async def note() -> bool:
        row = await row_of(account)
        seen.append((row.state, row.state_reason))
        return row.state == AccountState.READY

    async with connected(account, addresses_of(simulator), watch) as line:
        await watch.until(note)
        await line.is_up()

        assert len(simulator.hub.of(None)) == 1
        assert simulator.core.ledger.counts("any")["sessions"] == 1

    reasons = {reason for state, reason in seen if state == AccountState.DISCONNECTED}
    assert any("list of commands cannot be read (503)" in r for r in reasons)
    assert pauses[:4] == [1, 2, 3, 4]
    assert warnings(caplog, "list of commands cannot be read") == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_with_commands_from_before_it_goes_on_at_once(
    simulator: Simulator, account: DiscordAccount, watch: Watch
) -> None:
    await in_thread(CommandIndex.objects.create, account=account, commands=[{}])
    await index_answers(simulator, 502, 1)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()


async def test_what_is_not_discords_answer_is_tried_again(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a page in between nor a long rate limit is for a person."""
    me, index = DiscordHttp.me, DiscordHttp.command_index
    answers: list[Any] = ["<html>", {}, None, RateLimited(60.0)] * 2

    async def odd_me(self: DiscordHttp) -> Any:
        return _said(answers) if len(answers) > 4 else await me(self)

    async def odd_index(self: DiscordHttp, guild_id: str) -> Any:
        if not answers:
            return await index(self, guild_id)
        return _said(answers)

    monkeypatch.setattr(DiscordHttp, "me", odd_me)
    monkeypatch.setattr(DiscordHttp, "command_index", odd_index)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()

    assert answers == []


def _said(answers: list[Any]) -> Any:
    found = answers.pop(0)
    if isinstance(found, Exception):
        raise found
    raise NotDiscord(found)  # what the client makes of any other answer


async def test_a_gateway_that_never_greets_is_said(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receive, deaf = connection.Connection._receive, ["READY"] * 2
    said = set()

    def hears(self: connection.Connection, event: str, data: Any) -> None:
        if event not in deaf:
            receive(self, event, data)
        else:
            deaf.remove(event)

    monkeypatch.setattr(connection.Connection, "_receive", hears)
    monkeypatch.setattr(connection, "READY_LIMIT", 1.0)

    async def note() -> bool:
        row = await row_of(account)
        said.add(row.state_reason)
        return row.state == AccountState.READY

    async with connected(account, addresses_of(simulator), watch):
        await watch.until(note)

    assert any("does not greet" in reason for reason in said)
    assert warnings(caplog, "does not greet") == 1


# --- what nobody foresaw --------------------------------------------------------------


@pytest.mark.parametrize("where", ["me", "command_index"])
async def test_an_unforeseen_error_pauses_the_account_after_a_few_tries(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    tries: list[str] = []

    async def breaks(*_: Any) -> None:
        tries.append(where)
        raise ZeroDivisionError

    monkeypatch.setattr(DiscordHttp, where, breaks)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.task

    row = await row_of(account)
    assert row.state == AccountState.PAUSED
    assert "ZeroDivisionError" in row.state_reason
    assert len(tries) == faults.MOST
    assert sum(bool(record.exc_info) for record in caplog.records) == 1


async def test_a_database_that_is_away_pauses_nothing(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = [faults.AWAY[0]("gone") for _ in range(2 * faults.MOST)]

    def found_in(*_: Any) -> None:
        if left:
            raise left.pop()

    monkeypatch.setattr(connection, "found_in", found_in)

    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()

    assert not [record for record in caplog.records if record.exc_info]


async def test_an_event_that_nobody_can_read_is_told_once_with_a_traceback(
    simulator: Simulator,
    account: DiscordAccount,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with connected(account, addresses_of(simulator), watch) as line:
        await line.is_up()
        line.connection.repair_wanted = False
        monkeypatch.setattr(batches, "handle", lambda *_: 1 / 0)
        for number in range(20):
            data = {"id": str(number), "channel_id": account.channel_id}
            line.connection._receive("MESSAGE_DELETE", data)
        await watch.until(lambda: line.connection.repair_wanted)

        assert line.connection.is_live
        assert line.connection.repair_wanted

    errors = [record for record in caplog.records if record.exc_info]
    assert len(errors) == 1
    assert errors[0].levelno == logging.ERROR


# --- pauses --------------------------------------------------------------------------


async def lost(
    found: ReconnectPauses, *, after: float | None, resumable: bool = True
) -> float:
    """Return the pause after a connection that was up for so many seconds."""
    if after is not None:
        found.up()
        assert found.up_since is not None
        found.up_since -= after
    return found.pause(resumable=resumable)


async def test_a_connection_that_has_lasted_comes_back_at_once() -> None:
    found = ReconnectPauses(1)

    for _ in range(5):
        assert await lost(found, after=reconnect.STEADY + 1) == reconnect.AT_ONCE


async def test_one_that_greets_and_breaks_each_time_waits_longer_and_longer() -> None:
    found = ReconnectPauses(1)

    pauses = [await lost(found, after=1.0) for _ in range(8)]

    assert pauses[0] == reconnect.AT_ONCE
    assert pauses[1] >= 1
    assert pauses[-1] >= backoff.LONGEST / 2


async def test_a_session_that_is_gone_waits_even_once() -> None:
    assert await lost(ReconnectPauses(1), after=100.0, resumable=False) >= 0.5


async def test_a_reason_is_told_once_until_it_is_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = ReconnectPauses(1)

    for reason in ("away", "away", "Discord answers 503", "Discord answers 503"):
        found.warn(reason)
    found.up()
    found.warn("away")

    assert [record.message for record in caplog.records] == [
        "account 1: away",
        "account 1: Discord answers 503",
        "account 1: away",
    ]
