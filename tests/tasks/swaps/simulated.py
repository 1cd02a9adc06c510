"""The simulator's provider of face swaps, in the process's event loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from gateway.simulator.app import Simulator
from gateway.simulator.base.config import Config
from gateway.simulator.swaps.work import Prediction
from mjproxy.lib.process import event_loop
from tasks.models import Swap, Task
from tasks.swaps import queue, steps


@dataclass
class Simulated:
    """A simulator whose swaps take no time."""

    simulator: Simulator

    @property
    def base(self) -> str:
        return f"{self.simulator.url}/v1"

    @property
    def paid(self) -> list[Prediction]:
        return list(self.simulator.swaps.predictions.values())

    def knobs(self, **changes: Any) -> None:
        core = self.simulator.core
        core.knobs = core.knobs.with_changes(changes)

    def rule(self, route: str, times: int | None = None, **effect: Any) -> None:
        self.simulator.core.rules.add({"route": route}, effect, times)

    def obey(self) -> None:
        """Make no failures any more."""
        self.simulator.core.rules.clear()

    def rest(self) -> None:
        """Wait until no prediction is worked on."""

        async def over() -> None:
            for task in list(self.simulator.swaps._running):
                await task

        event_loop.run(over())


@contextmanager
def simulated() -> Iterator[Simulated]:
    knobs = {"swap_delay": 0, "swap_time": 0, "http_latency": 0}
    simulator = Simulator(Config(knobs=knobs))
    event_loop.run(simulator.start())
    try:
        yield Simulated(simulator)
    finally:
        event_loop.run(simulator.stop())


def start(task: Task) -> None:
    queue.start_waiting()
    task.refresh_from_db()


def step(task: Task, times: int = 1) -> Task:
    """Take the next steps of a swap, without the pauses between them."""
    for _ in range(times):
        Swap.objects.filter(pk=task.pk).update(next_at=None)
        event_loop.run(steps.attend(task.pk))
    task.refresh_from_db()
    return task


def run(task: Task, provider: Simulated) -> Task:
    """Start a swap, order it, and look at it when it is over at the provider."""
    start(task)
    step(task)
    provider.rest()
    return step(task)


def overdue(task: Task, **ago: float) -> None:
    """Let the time of a task be over since then."""
    past = timezone.now() - timedelta(**ago)
    Task.objects.filter(pk=task.pk).update(deadline_at=past)
