"""Work that nudges ask for: what runs, what is ignored, what is left at the end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from mjproxy.lib.db import clock
from mjproxy.lib.process import event_loop, nudge_handlers
from mjproxy.lib.process.nudge_handlers import on_nudge
from mjproxy.lib.process.watchdog import Watch
from mjproxy.redis import nudged_work
from mjproxy.redis.nudged_work import IN_LOOP, THREADS, NudgedWork

LIMIT = 20  # seconds


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    monkeypatch.setattr(nudged_work, "watch", found)
    return found


@pytest.fixture(autouse=True)
def _own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    own: dict[str, Any] = {}
    monkeypatch.setattr(nudge_handlers, "handlers", own)
    monkeypatch.setattr(nudged_work, "handlers", own)


@pytest.fixture
def work() -> Iterator[NudgedWork]:
    found = NudgedWork(1)
    yield found
    found._pool.shutdown()


@pytest.fixture
def done() -> SimpleQueue[Any]:
    """What a plain function, a coroutine function and one for many were given."""
    found: SimpleQueue[Any] = SimpleQueue()
    on_nudge("plain")(lambda pk: found.put(("plain", pk)))
    on_nudge("many", many=True)(lambda ids: found.put(("many", sorted(ids))))

    @on_nudge("in.loop")
    async def in_loop(pk: int) -> None:
        assert asyncio.get_running_loop() is event_loop.loop()
        found.put(("in.loop", pk))

    return found


def taken(done: SimpleQueue[Any], count: int) -> list[Any]:
    return sorted(done.get(timeout=LIMIT) for _ in range(count))


def test_each_kind_of_handler_is_called(
    work: NudgedWork, done: SimpleQueue[Any]
) -> None:
    work.start(["many:1", "plain:2", "in.loop:3", "many:4"])

    assert taken(done, 3) == [("in.loop", 3), ("many", [1, 4]), ("plain", 2)]
    assert work.end(LIMIT) == set()
    assert done.empty()


@pytest.mark.parametrize("is_async", [True, False])
def test_a_handler_that_raises_stops_no_other(
    work: NudgedWork,
    done: SimpleQueue[Any],
    caplog: pytest.LogCaptureFixture,
    *,
    is_async: bool,
) -> None:
    def breaks(_: int) -> None:
        raise ZeroDivisionError

    async def breaks_in_loop(_: int) -> None:
        raise ZeroDivisionError

    on_nudge("broken")(breaks_in_loop if is_async else breaks)

    work.start(["broken:1", "plain:2", "in.loop:3"])

    assert taken(done, 2) == [("in.loop", 3), ("plain", 2)]
    assert work.end(LIMIT) == set()
    assert [record.getMessage() for record in caplog.records] == [
        "work for nudge broken:1: failed"
    ]


def test_a_job_of_another_version_is_told_once_and_ignored(
    work: NudgedWork, done: SimpleQueue[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        work.start(["later.job:1", "later.job:2", "plain:3", ""])
        work.start(["later.job:1", "plain:", "plain:x"])
        work.start(["plain:4"])

    assert taken(done, 2) == [("plain", 3), ("plain", 4)]
    assert [record.args for record in caplog.records] == [
        ("later.job:1",),
        ("",),
        ("plain:",),
    ]


def test_a_busy_thread_has_no_room(work: NudgedWork) -> None:
    began, go_on = threading.Event(), threading.Event()

    @on_nudge("hold")
    def hold(_: int) -> None:
        began.set()
        assert go_on.wait(LIMIT)

    assert work.room(0.0, in_loop=False) == 1
    work.start(["hold:1"])

    assert began.wait(LIMIT)
    assert work.room(0.0, in_loop=False) == 0
    assert work.room(0.0, in_loop=True) == IN_LOOP
    go_on.set()
    assert work.room(LIMIT, in_loop=False) == 1


def test_in_the_loop_a_row_has_room_again_when_its_work_has_begun(
    work: NudgedWork,
) -> None:
    began, go_on = threading.Event(), asyncio.Event()

    @on_nudge("one")
    async def one(_: int) -> None:
        began.set()
        await go_on.wait()

    @on_nudge("many", many=True)
    async def many(_: list[int]) -> None:
        await go_on.wait()

    work.start([f"many:{pk}" for pk in range(IN_LOOP - 1)])
    work.start(["one:1"])

    assert began.wait(LIMIT)
    assert work.room(LIMIT, in_loop=True) == 1
    event_loop.loop().call_soon_threadsafe(go_on.set)
    assert work.end(LIMIT) == set()
    assert work.room(LIMIT, in_loop=True) == IN_LOOP


def test_at_the_end_the_apps_finish_their_work(
    work: NudgedWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[str] = []

    async def breaks() -> None:
        raise ZeroDivisionError

    async def finish() -> None:
        finished.append("all")

    monkeypatch.setattr(nudged_work, "at_end", [breaks, finish])

    work.finish(LIMIT)

    assert finished == ["all"]


def test_what_waits_for_a_thread_is_not_started_twice(
    work: NudgedWork, done: SimpleQueue[Any]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hold(pk: int) -> None:
        began.set()
        assert go_on.wait(LIMIT)
        done.put(("hold", pk))

    on_nudge("hold")(hold)
    work.start(["hold:1"])
    assert began.wait(LIMIT)

    work.start(["hold:1"])  # one runs and may have read its rows already
    work.start(["hold:1", "plain:2"])
    go_on.set()

    assert taken(done, 3) == [("hold", 1), ("hold", 1), ("plain", 2)]
    assert work.end(LIMIT) == set()
    assert done.empty()


def test_at_the_end_what_runs_may_end_and_what_waits_is_left(
    work: NudgedWork, done: SimpleQueue[Any]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hold(pk: int) -> None:
        began.set()
        assert go_on.wait(LIMIT)
        done.put(pk)

    on_nudge("hold")(hold)
    work.start(["hold:1", "plain:2", "many:3", "many:4"])
    assert began.wait(LIMIT)
    threading.Timer(0.2, go_on.set).start()

    left = work.end(LIMIT)

    assert left == {"plain:2", "many:3", "many:4"}
    assert done.get(timeout=LIMIT) == 1
    assert done.empty()


def test_what_does_not_end_in_time_is_left_too(work: NudgedWork) -> None:
    began = threading.Event()
    go_on = asyncio.Event()

    @on_nudge("long")
    async def long(_: int) -> None:
        began.set()
        await go_on.wait()

    work.start(["long:1"])
    assert began.wait(LIMIT)

    assert work.end(0.0) == {"long:1"}
    event_loop.loop().call_soon_threadsafe(go_on.set)


def test_a_thread_does_nothing_while_the_clock_is_wrong(
    work: NudgedWork, done: SimpleQueue[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "skew", lambda: 9.0)

    work.start(["plain:1"])

    assert work.end(LIMIT) == set()
    assert done.empty()


def test_the_watchdog_asks_these_threads(work: NudgedWork, watch: Watch) -> None:
    watch.look()

    work._pool.submit(int).result(LIMIT)

    assert THREADS in watch._moved
