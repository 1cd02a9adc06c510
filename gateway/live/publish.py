"""Send nudges to pages, streams and gateways.

They hold ids, never payloads, so a lost one does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers

from gateway.nudges import CHANNEL
from mjproxy.lib.process import nudge

T = TypeVar("T")

_changed: Final[SimpleQueue[tuple[int, int]]] = SimpleQueue()  # task, owner
_access: Final[SimpleQueue[int]] = SimpleQueue()  # users


def publish_change(task_id: int, owner_id: int) -> None:
    """Tell the task's stream and its owner's page that the row changed.

    Changes that come together are told together.
    """
    _changed.put((task_id, owner_id))
    nudge.publish(about_changes)


def publish_access(user_id: int) -> None:
    """Tell a user's open streams to check their access again."""
    _access.put(user_id)
    nudge.publish(about_access)


def publish_accounts_changed() -> None:
    """Tell the gateway processes to read the accounts."""
    nudge.publish(about_accounts)


def about_changes() -> list[nudge.Message]:
    """Return a message for each owner with changed tasks, and for each task."""
    owners: dict[int, set[int]] = defaultdict(set)
    for task_id, owner_id in _taken(_changed):
        owners[owner_id].add(task_id)
    named = {f"owner.{owner}": sorted(ids) for owner, ids in owners.items()}
    named |= {f"task.{pk}": [pk] for ids in owners.values() for pk in ids}
    return [
        _to_group(group, {"type": "task.changed", "task_ids": ids})
        for group, ids in named.items()
    ]


def about_access() -> list[nudge.Message]:
    """Return a message for each user whose access changed."""
    message = {"type": "access.changed"}
    return [_to_group(f"access.{pk}", message) for pk in sorted(set(_taken(_access)))]


def about_accounts() -> list[nudge.Message]:
    """Return the message to all gateway processes."""
    layer = channel_layers[DEFAULT_CHANNEL_LAYER]
    return [layer.to_channel(CHANNEL, {"type": "accounts.changed"})]


def _to_group(group: str, message: Mapping[str, object]) -> nudge.Message:
    found: nudge.Message = channel_layers[DEFAULT_CHANNEL_LAYER].to_group(
        group, message
    )
    return found


def _taken(queue: SimpleQueue[T]) -> list[T]:
    found = []
    try:
        while True:
            found.append(queue.get_nowait())
    except Empty:
        return found
