"""Open tasks: rows that an account's last events have read or moved.

Their next events are handled without a look-up (`gateway/events/remembered.py`). A
remembered row is no truth: the UPDATE compares it with the row, and writes nothing if
it was changed elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Any, Final

from gateway.events.matching import Match
from gateway.protocol.messages import Message
from gateway.protocol.shapes import Opened
from tasks.models import Task

MOST: Final = 32  # tasks; an account has fewer at once
MOST_MESSAGES: Final = 500
# What the handling of a message depends on, and the identities in it.
COMPARED: Final = (
    "account_id",
    "status",
    "nonce",
    "interaction_id",
    "window_interaction_id",
    "progress_message_id",
    "job_id",
    "window",
    "cancel_requested_at",
    "notify_hook",
    "delivery",
    "started_at",
    "removed_at",
    "waiting_reason",
    "description",
    "matched_by",
)


class OpenTasks:
    """Running tasks of one account, and messages that mean nothing to it."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[int, Task] = OrderedDict()
        self._foreign: OrderedDict[str, None] = OrderedDict()
        self._over: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tasks)

    def find(self, message: Message) -> Match | None:
        """Return the task that the message's strongest key names, if remembered."""
        for task in self._tasks.values():
            if by := _named_by(task, message):
                return Match(task, by)
        return None

    def has_interaction(self, data: Opened) -> bool:
        """Tell whether a task has both its ids, so that it says nothing new."""
        nonce, seen = data.get("nonce"), data.get("id")
        return bool(nonce and seen) and any(
            task.nonce == str(nonce) and task.interaction_id == str(seen)
            for task in self._tasks.values()
        )

    def remember(self, task: Task, **changes: Any) -> None:
        """Remember a task that was read just now, as `changes` have made it."""
        for name, value in changes.items():
            setattr(task, name, value)
        _put(self._tasks, task.pk, task, MOST)

    def forget(self, task: Task) -> None:
        self._tasks.pop(task.pk, None)

    def ended(self, task: Task) -> None:
        """Forget a task, whose progress message means nothing any more."""
        self.forget(task)
        if message_id := task.progress_message_id:
            _put(self._over, message_id, None, MOST_MESSAGES)

    def undo(self) -> None:
        """Forget all tasks: what was remembered last has not been committed."""
        self._tasks.clear()
        self._over.clear()

    def note_removal(self, message_id: str, now: datetime) -> None:
        for task in self._tasks.values():
            if task.progress_message_id == message_id and task.removed_at is None:
                task.removed_at = now

    def is_over(self, message_id: str) -> bool:
        """Tell whether the message is the progress of an ended task."""
        return message_id in self._over

    def is_foreign(self, message_id: object) -> bool:
        """Tell whether an update of the message needs no look."""
        return message_id in self._foreign

    def note_foreign(self, message_id: str) -> None:
        """Remember the message of another user's drawing, which matched nothing."""
        _put(self._foreign, message_id, None, MOST_MESSAGES)


def _named_by(task: Task, message: Message) -> str:
    """Return the kind of the message's strongest key if it is the task's, or ""."""
    if message.nonce:
        return "nonce" if message.nonce == task.nonce else ""
    if message.interaction_ids:
        ours = {task.interaction_id, task.window_interaction_id}
        return "" if ours.isdisjoint(message.interaction_ids) else "interaction"
    shown = task.progress_message_id in (message.id, message.original_id)
    return "message" if task.progress_message_id and shown else ""


def _put(entries: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    entries[key] = value
    entries.move_to_end(key)
    if len(entries) > most:
        entries.popitem(last=False)
