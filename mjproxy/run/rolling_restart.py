"""Restart our processes one after the other, while the others work on."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from typing import Final

from mjproxy.run.child import Child
from mjproxy.run.notify_socket import CAN_HEAR
from mjproxy.run.output import output

PATIENCE: Final = 60.0  # seconds within which a process must report that it is ready
DEAF_PATIENCE: Final = 5.0  # seconds after which it counts as ready without a report


class Replacing:
    """Restart of all processes, with those that are starting or ending.

    A process that inherits its socket gets its successor first, and ends once that one
    works. The others end before their successor starts.
    """

    def __init__(
        self, children: list[Child], start: Callable[[Child, float], None]
    ) -> None:
        self.children = children
        self._start = start
        self._is_asked = False
        self._queue: list[Child] = []
        self._old: Child | None = None
        self._new: Child | None = None
        self._until = math.inf
        self._passing: list[Child] = []  # starting or ending: it is not restarted

    def ask(self) -> None:
        """Restart all, after the signal handler has returned."""
        self._is_asked = True

    def everybody(self) -> list[Child]:
        return [*self.children, *self._passing]

    def step(self, now: float) -> None:
        """Do the steps that are possible now; call it often."""
        self._passing = [child for child in self._passing if child.alive]
        if self._is_asked and not self._old:
            self._is_asked = False
            self._queue = [child for child in self.children if child.program.is_ours]
            output.line("mjproxy starts its processes again")
        if self._old is None and self._queue:
            self._begin(self._queue.pop(0), now)
        elif self._old and self._new:
            self._look(self._old, self._new, now)

    def _begin(self, old: Child, now: float) -> None:
        self._old, self._new, self._until = old, old, now + PATIENCE
        if old.program.descriptors:
            self._new = Child(old.program, old.selector)
            self._start(self._new, now)
            self._passing.append(self._new)
        else:
            old.ask_to_end(now)

    def _look(self, old: Child, new: Child, now: float) -> None:
        if not new.is_asked and new.alive and _works(new, now):
            if new is not old:
                self._change_over(old, new, now)
            self._go_on()
        elif now > self._until or (new is not old and not new.alive):
            self._break_off(old, new)

    def _change_over(self, old: Child, new: Child, now: float) -> None:
        self.children[self.children.index(old)] = new
        self._passing.remove(new)
        if old.alive:
            self._passing.append(old)
            old.ask_to_end(now)

    def _break_off(self, old: Child, new: Child) -> None:
        """Stop the restart: a program that does not start now would not start later."""
        if new is not old:
            new.signal(signal.SIGKILL)
        output.line(f"ERROR {old.role} did not start again: no other one is touched")
        self._queue.clear()
        self._old = self._new = None

    def _go_on(self) -> None:
        self._old = self._new = None
        if not self._queue:
            output.line("mjproxy has started its processes again")


def _works(child: Child, now: float) -> bool:
    if CAN_HEAR and child.program.is_watched:
        return child.is_ready
    return now - child.started > DEAF_PATIENCE
