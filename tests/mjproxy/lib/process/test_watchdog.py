"""The words by which a process tells that it works."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mjproxy.lib.process import watchdog
from mjproxy.lib.process.watchdog import Watch, notify

PATIENCE = 20.0


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd would open."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "n"))
        found.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield found


def now(done: Callable[[], object]) -> None:
    done()


def never(done: Callable[[], object]) -> None:
    pass


def test_words_arrive_in_one_message(ear: socket.socket) -> None:
    notify("READY=1", "STATUS=all is well")

    assert ear.recv(100) == b"READY=1\nSTATUS=all is well"


@pytest.mark.parametrize("name", ["", "/nowhere/at/all", "@nobody", "vsock:2:1"])
def test_without_anybody_who_listens_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)

    notify("READY=1")


def test_one_that_does_not_read_holds_nobody_up(ear: socket.socket) -> None:
    for _ in range(10_000):
        notify("WATCHDOG=1")


def test_all_parts_must_have_moved_since_the_last_look() -> None:
    watch = Watch()
    watch.require("loop", now)
    watch.require("tick")

    assert [watch.look() for _ in range(2)] == [False, False]
    watch.moved("tick")
    assert watch.look()
    assert not watch.look()


def test_a_part_that_hangs_is_asked_again() -> None:
    watch, asked = Watch(), list[object]()
    watch.require("loop", asked.append)

    for _ in range(3):
        watch.look()

    assert len(asked) == 3


def test_a_pool_is_well_while_one_of_its_threads_comes_free() -> None:
    watch, hold = Watch(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        watch.require("threads", pool.submit)
        pool.submit(hold.wait, PATIENCE)
        watch.look()
        pool.submit(lambda: None).result(PATIENCE)
        assert watch.look()

        pool.submit(hold.wait, PATIENCE)
        while pool._work_queue.qsize():  # until both are taken
            pass
        watch.look()
        assert not watch.look()
        hold.set()


def test_a_pool_that_is_closed_has_not_moved() -> None:
    watch, pool = Watch(), ThreadPoolExecutor(1)
    watch.require("threads", pool.submit)
    pool.shutdown()

    assert [watch.look() for _ in range(2)] == [False, False]


def test_a_process_that_works_says_so_until_it_stands_still(
    ear: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "40000")
    watch = Watch()
    watch.require("loop", now)
    watch.begin()
    try:
        assert {ear.recv(100) for _ in range(3)} == {b"WATCHDOG=1"}
    finally:
        watch.end()


@pytest.mark.parametrize("usec", ["", "often", "60000000"])
def test_who_is_not_watched_starts_no_thread(
    monkeypatch: pytest.MonkeyPatch, usec: str
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getppid()))  # the word is for another
    before = threading.active_count()

    Watch().begin()

    assert threading.active_count() == before
    assert watchdog._pause() is None
