"""Watchdogs of worker and beat; an outage does not count as hanging."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from celery import signals

from mjproxy import beat, worker_watchdog
from mjproxy.lib.process.watchdog import Watch
from mjproxy.worker_watchdog import ask_consumer, ask_threads


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    monkeypatch.setattr(worker_watchdog, "watch", found)
    monkeypatch.setattr(beat, "watch", found)
    return found


class Hub:
    """The loop of a consumer; it runs what it was given when a test says so."""

    def __init__(self) -> None:
        self.given: list[Callable[[], object]] = []
        self.call_soon = self.given.append


@pytest.mark.parametrize(
    "worker",
    [
        SimpleNamespace(),
        SimpleNamespace(hub=None, consumer=None),
        SimpleNamespace(hub=Hub(), consumer=SimpleNamespace(connection=None)),
    ],
    ids=["not made yet", "without a loop", "without a broker"],
)
def test_a_worker_that_waits_for_its_broker_does_not_stand_still(worker: Any) -> None:
    done: list[bool] = []

    ask_consumer(worker, lambda: done.append(True))

    assert done == [True]


def test_a_connected_consumer_answers_by_its_own_loop() -> None:
    hub, done = Hub(), list[bool]()
    worker = SimpleNamespace(hub=hub, consumer=SimpleNamespace(connection=object()))

    ask_consumer(worker, lambda: done.append(True))

    assert done == []
    hub.given[0]()
    assert done == [True]


def test_the_threads_of_jobs_answer_themselves() -> None:
    done: list[bool] = []
    with ThreadPoolExecutor(1) as pool:
        worker = SimpleNamespace(pool=SimpleNamespace(executor=pool))
        ask_threads(worker, lambda: done.append(True))

    ask_threads(SimpleNamespace(), lambda: done.append(True))
    assert done == [True, True]


def test_a_finished_job_counts_too(watch: Watch) -> None:
    watch.require(worker_watchdog.JOBS)
    assert not watch.look()

    signals.task_postrun.send(sender=None)

    assert watch.look()


def test_beat_moves_while_it_waits_for_its_broker(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its wait has no end; each second of it counts as a tick."""
    watch.require(beat.TICK)
    scheduler = beat.Scheduler.__new__(beat.Scheduler)
    scheduler.app = beat.app
    line = beat.app.connection_for_write("redis://127.0.0.1:9/0")
    monkeypatch.setattr(beat.Scheduler, "connection", line)
    seconds: list[float] = []

    def slept(pause: float) -> None:
        seconds.append(pause)
        if len(seconds) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("kombu.utils.functional.sleep", slept)
    with suppress(KeyboardInterrupt):
        scheduler._ensure_connected()

    assert len(seconds) == 3
    assert watch.look()
