"""Events of several connections, gathered while others are being written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from gateway.events.handlers import Recipient
from gateway.sockets import writer as module
from gateway.sockets.batches import Arrivals, Result
from gateway.sockets.parked_events import Parked
from gateway.sockets.writer import Writer

# Its threads may have a connection of an earlier test, which they look at.
pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20  # seconds


def of(account_id: int) -> Arrivals:
    recipient = Recipient(account_id, "1", frozenset())
    return Arrivals(recipient, 1, [("event", {})], Result(Parked()))


class Held:
    """Stands in for `handle_all`; its first call waits until it is released."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, every: Sequence[Arrivals]) -> None:
        self.rounds.append([each.recipient.account_id for each in every])
        self.begun.set()
        assert self.may_end.wait(PATIENCE)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    found = Held()
    monkeypatch.setattr(module, "handle_all", found)
    monkeypatch.setattr(module, "WRITERS", 1)
    return found


async def begin(writer: Writer, held: Held) -> asyncio.Task[Result]:
    """Start to write the events of account 1, and stay in the midst of it."""
    first = asyncio.create_task(writer.write(of(1)))
    assert await asyncio.to_thread(held.begun.wait, PATIENCE)
    return first


async def test_what_comes_meanwhile_is_written_together(held: Held) -> None:
    writer = Writer()
    first = await begin(writer, held)
    others = [asyncio.create_task(writer.write(of(number))) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    held.may_end.set()
    await asyncio.gather(first, *others)

    assert held.rounds == [[1], [2, 3, 4]]


async def test_a_connection_that_has_left_is_left_out(held: Held) -> None:
    writer = Writer()
    first = await begin(writer, held)
    left, stays = (asyncio.create_task(writer.write(of(n))) for n in (2, 3))
    await asyncio.sleep(0)

    left.cancel()
    held.may_end.set()
    await asyncio.gather(first, stays)

    assert held.rounds == [[1], [3]]


async def test_no_more_than_some_are_written_together(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    writer = Writer()
    first = await begin(writer, held)
    others = [asyncio.create_task(writer.write(of(number))) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    held.may_end.set()
    await asyncio.gather(first, *others)

    assert held.rounds == [[1], [2, 3], [4]]


async def test_an_error_of_the_call_reaches_all_and_the_next_are_written(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Sequence[Arrivals]) -> None:
        raise OperationalError("stuck")

    monkeypatch.setattr(module, "handle_all", failing)
    writer = Writer()
    writes = (writer.write(of(number)) for number in (1, 2))
    found = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in found] == [OperationalError] * 2

    monkeypatch.setattr(module, "handle_all", held)
    held.may_end.set()
    await writer.write(of(3))

    assert held.rounds == [[3]]
