"""Open tasks: rows that an account's last progress messages have moved.

The next progress of such a message is written without a look-up. A remembered row is no
truth: the UPDATE compares it with the row, and writes nothing if it was changed
elsewhere.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from tasks.models import Task

MOST: Final = 32  # messages; an account has fewer tasks at once
MOST_FOREIGN: Final = 500
# What the handling of a progress message depends on, and the identities in it.
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
)


class OpenTasks:
    """The running tasks of one account by progress message, and messages of others."""

    def __init__(self) -> None:
        self._by_message: OrderedDict[str, Task] = OrderedDict()
        self._foreign: OrderedDict[str, None] = OrderedDict()

    def find(self, message_id: str) -> Task | None:
        return self._by_message.get(message_id)

    def remember(self, task: Task, **changes: Any) -> None:
        """Remember a task that was read just now, as `changes` have made it."""
        for name, value in changes.items():
            setattr(task, name, value)
        if task.progress_message_id:
            _put(self._by_message, task.progress_message_id, task, MOST)

    def forget(self, task: Task) -> None:
        self._by_message.pop(task.progress_message_id or "", None)

    def is_foreign(self, message_id: object) -> bool:
        """Tell whether an update of the message needs no look."""
        return message_id in self._foreign

    def note_foreign(self, message_id: str) -> None:
        """Remember the message of another user's drawing, which matched nothing."""
        _put(self._foreign, message_id, None, MOST_FOREIGN)


def _put(entries: OrderedDict[str, Any], key: str, value: Any, most: int) -> None:
    entries[key] = value
    entries.move_to_end(key)
    if len(entries) > most:
        entries.popitem(last=False)
