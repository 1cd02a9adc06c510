"""A loop goes on, whatever becomes of its threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError

from mjproxy.lib.db import threads
from mjproxy.lib.db.threads import THREADS, Stuck, in_thread
from mjproxy.lib.process import event_loop


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Calls that wait for this event are stuck; it is set at the end."""
    release = threading.Event()
    monkeypatch.setattr(threads, "LIMIT", 0.2)
    monkeypatch.setattr(threads, "_pool", threads.Threads())
    yield release
    release.set()


async def test_a_call_that_does_not_end_is_given_up(held: threading.Event) -> None:
    with pytest.raises(OperationalError, match="did not end within"):
        await in_thread(held.wait)


async def test_stuck_threads_are_replaced(held: threading.Event) -> None:
    calls = [in_thread(held.wait) for _ in range(THREADS * 3)]

    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(each) for each in outcomes} == {Stuck}
    assert await in_thread(threading.active_count) > 0


async def test_a_queue_that_moves_is_not_stuck(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last ones wait for longer than a call may take, behind others that end."""
    monkeypatch.setattr(threads, "LIMIT", 2.0)
    pool, pause = threads._pool, threading.Event()

    calls = [in_thread(pause.wait, 0.5) for _ in range(THREADS * 5)]

    assert await asyncio.gather(*calls) == [False] * len(calls)
    assert threads._pool is pool


async def test_what_nobody_waits_for_any_more_is_not_begun(
    held: threading.Event,
) -> None:
    begun: list[int] = []
    busy = [asyncio.create_task(in_thread(held.wait)) for _ in range(THREADS)]
    await asyncio.sleep(0)
    waiting = asyncio.create_task(in_thread(begun.append, 1))
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait({waiting})
    held.set()
    await asyncio.gather(*busy, return_exceptions=True)

    assert waiting.cancelled()
    assert begun == []


async def test_a_timeout_of_the_call_itself_is_its_own(held: threading.Event) -> None:
    def late() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await in_thread(late)


def broken() -> None:
    raise ValueError("this connection cannot be looked at")


async def test_connections_that_cannot_be_looked_at_fail_the_call(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "close_old_connections", broken)

    with pytest.raises(ValueError, match="cannot be looked at"):
        await in_thread(threading.active_count)


async def test_connections_that_cannot_be_closed_afterwards_lose_no_result(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def last() -> str:
        monkeypatch.setattr(threads, "close_old_connections", broken)
        return "result"

    assert await in_thread(last) == "result"


def test_what_the_bridge_gives_up_is_ended() -> None:
    ended = threading.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        event_loop.run(waits(), timeout=0.1)

    assert ended.wait(10)
