"""Choose the user whose turn it is, when several wait for the same slots.

Users take turns, each with their oldest task. The user who has waited since the
earliest turn goes first. A user of a lower class counts as if they had come DELAY turns
later, so they are overtaken for that many turns at most. With n users waiting, a user
is passed over at most n + DELAY[their class] times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from accounts.enums import PriorityClass

# Turns after which a user of the class goes before every newcomer.
DELAY: Final[Mapping[int, int]] = {
    PriorityClass.HIGH: 0,
    PriorityClass.NORMAL: 4,
    PriorityClass.LOW: 16,
}


@dataclass(frozen=True)
class Waiter:
    """A user with waiting tasks."""

    user: int
    priority: int
    running: int
    task: int | None  # the oldest that may be sent now; None: all are held back


@dataclass(frozen=True)
class Turns:
    """The number of turns taken, and since which of them each user has waited."""

    done: int = 0
    since: Mapping[str, int] = field(default_factory=dict)  # ids as text, for JSON


def next_turn(waiters: Iterable[Waiter], turns: Turns) -> tuple[int | None, Turns]:
    """Return the task whose turn it is, and the turns after it was sent.

    The task is None if no waiter has one that may be sent.
    """
    line = list(waiters)
    since = {str(w.user): turns.since.get(str(w.user), turns.done) for w in line}
    able = [w for w in line if w.task is not None]
    if not able:
        return None, turns

    def order(waiter: Waiter) -> tuple[int, int, int]:
        came = since[str(waiter.user)] + DELAY[waiter.priority]
        return came, waiter.running, waiter.task or 0

    chosen = min(able, key=order)
    if len(line) == 1:
        return chosen.task, turns  # no other user waits, so no turn is counted
    done = turns.done + 1
    return chosen.task, Turns(done, since | {str(chosen.user): done})
