"""Restart our processes one after the other, while the others work on."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from typing import Final

from mjproxy.run.child import Child
from mjproxy.run.notify_socket import IS_SUPPORTED
from mjproxy.run.output import output

READY_TIMEOUT: Final = 60.0  # seconds for a process to report that it is ready
ASSUME_READY_AFTER: Final = 5.0  # seconds, for a process that cannot report


class RollingRestart:
    """Restart of all processes, with those that are starting or ending.

    A process that inherits its socket gets its successor first, and ends once that one
    works. The others end before their successor starts.
    """

    def __init__(
        self, children: list[Child], start: Callable[[Child, float], None]
    ) -> None:
        self.children = children
        self._start = start
        self._is_requested = False
        self._queue: list[Child] = []
        self._old: Child | None = None
        self._new: Child | None = None
        self._until = math.inf
        self._changing: list[Child] = []  # starting or ending: it is not restarted

    def request(self) -> None:
        """Restart all, after the signal handler has returned."""
        self._is_requested = True

    def all_children(self) -> list[Child]:
        return [*self.children, *self._changing]

    def step(self, now: float) -> None:
        """Do the steps that are possible now; call it often."""
        self._changing = [child for child in self._changing if child.alive]
        if self._is_requested and not self._old:
            self._is_requested = False
            self._queue = [child for child in self.children if child.program.is_ours]
            output.line("mjproxy restarts its processes, one after the other")
        if self._old is None and self._queue:
            self._begin(self._queue.pop(0), now)
        elif self._old and self._new:
            self._check(self._old, self._new, now)

    def _begin(self, old: Child, now: float) -> None:
        self._old, self._new, self._until = old, old, now + READY_TIMEOUT
        if old.program.descriptors:
            self._new = Child(old.program, old.selector)
            self._start(self._new, now)
            self._changing.append(self._new)
        else:
            old.terminate(now)

    def _check(self, old: Child, new: Child, now: float) -> None:
        if not new.is_stopping and new.alive and _is_ready(new, now):
            if new is not old:
                self._swap(old, new, now)
            self._finish_one()
        elif now > self._until or (new is not old and not new.alive):
            self._give_up(old, new)

    def _swap(self, old: Child, new: Child, now: float) -> None:
        self.children[self.children.index(old)] = new
        self._changing.remove(new)
        if old.alive:
            self._changing.append(old)
            old.terminate(now)

    def _give_up(self, old: Child, new: Child) -> None:
        """Stop the restart: a program that does not start now would not start later."""
        if new is not old:
            new.signal(signal.SIGKILL)
        output.line(
            f"ERROR {old.role} did not start again: the rolling restart ends here"
        )
        self._queue.clear()
        self._old = self._new = None

    def _finish_one(self) -> None:
        self._old = self._new = None
        if not self._queue:
            output.line("mjproxy has restarted its processes")


def _is_ready(child: Child, now: float) -> bool:
    if IS_SUPPORTED and child.program.is_watched:
        return child.is_ready
    return now - child.started > ASSUME_READY_AFTER
