"""Watchdog of a worker: it checks consumer, threads and event loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from celery.signals import task_postrun, worker_init, worker_ready

from mjproxy.lib.process import event_loop
from mjproxy.lib.process.watchdog import notify, watch

JOBS: Final = "jobs"

Done = Callable[[], object]


@worker_init.connect
def watch_over(sender: Any, **_: Any) -> None:
    """Watch from the start, before there is a broker to connect to."""
    watch.require("consumer", partial(ask_consumer, sender))
    watch.require(JOBS, partial(ask_threads, sender))
    watch.require("bridge", event_loop.loop().call_soon_threadsafe)
    watch.begin()


@worker_ready.connect
def notify_ready(**_: Any) -> None:
    notify("READY=1")


@task_postrun.connect
def note(**_: Any) -> None:
    """Count a finished job as movement too: many jobs delay a question for long."""
    watch.moved(JOBS)


def ask_consumer(worker: Any, done: Done) -> None:
    """Have the loop that takes jobs call `done`.

    Without a broker there is no loop: the worker tries to connect, with a time limit
    for each try.
    """
    consumer, hub = getattr(worker, "consumer", None), getattr(worker, "hub", None)
    if hub is None or getattr(consumer, "connection", None) is None:
        done()
    else:
        hub.call_soon(done)


def ask_threads(worker: Any, done: Done) -> None:
    """Have a thread that runs jobs call `done`."""
    pool = getattr(worker, "pool", None)
    if pool is None:  # the pool is not made yet
        done()
    else:
        pool.executor.submit(done)
