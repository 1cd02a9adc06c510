"""Functions that nudges start, by the name of their job.

Each app registers its own in `jobs.py`. They may be called twice for the same row.
Nudges for functions that run in threads have a queue of their own (`NUDGE_QUEUES` in
the settings), so busy threads do not hold up the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Handler:
    """A function that nudges start.

    A coroutine function runs in the event loop, any other in a thread. It gets one id,
    or a list of all ids that came together.
    """

    function: Callable[[Any], Any]
    is_async: bool
    takes_many: bool


handlers: Final[dict[str, Handler]] = {}
at_end: Final[list[Callable[[], Coroutine[Any, Any, None]]]] = []


def on_nudge(job: str, *, many: bool = False) -> Callable[[F], F]:
    """Register a function for nudges with this name."""

    def register(function: F) -> F:
        is_async = inspect.iscoroutinefunction(function)
        handlers[job] = Handler(function, is_async, many)
        return function

    return register


def on_end(
    function: Callable[[], Coroutine[Any, Any, None]],
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Register a coroutine function that is called in the loop when a worker ends."""
    at_end.append(function)
    return function
