"""Results and notices are marked as read, seldom and silently."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from gateway.discord.rest import DiscordHttp
from gateway.models import GatewaySettings
from gateway.sockets import read_marks
from gateway.sockets.read_marks import ReadMarks
from mjproxy.lib.db.threads import in_thread
from tests.gateway.rest_server import Server, addresses, identity, serving

pytestmark = pytest.mark.django_db(transaction=True)

HERE, THERE = "1311111111111111200", "1311111111111111201"
LIMIT = 20


class Gate:
    """Stands in for time: the marks rests until it is let through."""

    def __init__(self) -> None:
        self.rests = 0
        self._open = asyncio.Semaphore(0)
        self._came = asyncio.Condition()

    async def sleep(self, _: float) -> None:
        async with self._came:
            self.rests += 1
            self._came.notify_all()
        await self._open.acquire()

    async def resting(self, times: int) -> None:
        """Wait until it rests for the n-th time."""
        async with asyncio.timeout(LIMIT), self._came:
            await self._came.wait_for(lambda: self.rests >= times)

    def let_through(self) -> None:
        self._open.release()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    found = Gate()
    real = asyncio.sleep

    class Asyncio:
        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        sleep = staticmethod(found.sleep)

    monkeypatch.setattr(read_marks, "asyncio", Asyncio())
    assert asyncio.sleep is real
    return found


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as found:
        found.says(200, {"token": None})
        yield found


@pytest.fixture
async def marks(server: Server) -> AsyncIterator[ReadMarks]:
    http = DiscordHttp(identity(), addresses(server.url))
    found = ReadMarks(lambda: http)
    yield found
    await found.aclose()
    await http.aclose()


def message(number: int, channel: str = HERE, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "channel_id": channel, "flags": 0, **fields}


def acks(server: Server) -> list[str]:
    return [
        seen.url.removeprefix(f"{server.url}/api/v9/channels/") for seen in server.seen
    ]


async def test_the_newest_of_each_channel_is_acknowledged(
    marks: ReadMarks, gate: Gate, server: Server
) -> None:
    for number in (8, 12, 9):
        marks.saw(message(number))
    marks.saw(message(5, THERE))
    await gate.resting(1)
    assert server.seen == []  # nobody reads in the same moment

    gate.let_through()
    await gate.resting(2)

    assert acks(server) == [f"{HERE}/messages/12/ack", f"{THERE}/messages/5/ack"]
    assert server.seen[0].method == "POST"
    body = json.loads(server.seen[0].body)
    days = (datetime.now(tz=UTC) - datetime(2015, 1, 1, tzinfo=UTC)).days
    assert body["token"] is None
    assert 0 <= days - body["last_viewed"] <= 1


async def test_what_comes_meanwhile_waits_for_the_next_look(
    marks: ReadMarks, gate: Gate, server: Server
) -> None:
    marks.saw(message(1))
    gate.let_through()
    await gate.resting(2)

    for number in range(2, 100):
        marks.saw(message(number))
    gate.let_through()
    await gate.resting(3)

    assert acks(server) == [f"{HERE}/messages/1/ack", f"{HERE}/messages/99/ack"]


async def test_it_ends_where_nothing_is_new_and_begins_again(
    marks: ReadMarks, gate: Gate, server: Server
) -> None:
    marks.saw(message(1))
    gate.let_through()
    gate.let_through()
    assert marks._work is not None
    await asyncio.wait_for(marks._work, LIMIT)

    marks.saw(message(2))
    gate.let_through()
    await gate.resting(4)

    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "odd",
    [
        message(1, flags=64),  # for one pair of eyes: stands in no channel
        {"id": "1"},
        {"channel_id": HERE},
        {"id": "x", "channel_id": HERE},
        {"id": None, "channel_id": None, "flags": None},
        {"id": "1", "channel_id": 7},
    ],
)
async def test_what_stands_in_no_channel_is_not(
    marks: ReadMarks, odd: dict[str, Any]
) -> None:
    marks.saw(odd)

    assert marks._work is None


async def test_it_can_be_switched_off(
    marks: ReadMarks, gate: Gate, server: Server
) -> None:
    await in_thread(GatewaySettings.objects.create, acknowledge=False)

    marks.saw(message(1))
    gate.let_through()
    await gate.resting(2)

    assert server.seen == []


def _refused(_: web.Request) -> Awaitable[web.StreamResponse]:
    raise web.HTTPForbidden


def _cut(request: web.Request) -> Awaitable[web.StreamResponse]:
    assert request.transport is not None
    request.transport.abort()
    raise web.HTTPServiceUnavailable


@pytest.mark.parametrize("failure", [_refused, _cut])
async def test_a_failure_is_silent_and_the_next_one_makes_up(
    marks: ReadMarks,
    gate: Gate,
    server: Server,
    failure: Callable[[web.Request], Awaitable[web.StreamResponse]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answer = failure
    marks.saw(message(1))
    gate.let_through()
    await gate.resting(2)

    server.says(200, {"token": None})
    marks.saw(message(2))
    gate.let_through()
    await gate.resting(3)

    assert acks(server)[-1] == f"{HERE}/messages/2/ack"
    assert not [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")]


async def test_closing_ends_it(marks: ReadMarks, gate: Gate, server: Server) -> None:
    marks.saw(message(1))
    await gate.resting(1)

    await marks.aclose()

    assert marks._work is not None
    assert marks._work.cancelled()
    assert server.seen == []
