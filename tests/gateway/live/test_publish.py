from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.live import publish
from gateway.nudges import CHANNEL
from mjproxy.lib.process import nudge
from mjproxy.redis.channel_layer import Layer

LAYER = Layer(hosts=["redis://127.0.0.1:1/0"])  # nothing is sent
Asked = list[nudge.Source]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return the sources that are given to the thread that sends."""
    found: Asked = []
    monkeypatch.setattr(nudge, "publish", found.append)
    monkeypatch.setattr(publish, "channel_layers", {"default": LAYER})
    publish.about_changes()  # what other tests have left
    publish.about_access()
    return found


def told(source: nudge.Source) -> dict[str, Any]:
    return {channel: LAYER.deserialize(message) for channel, message in source()}


def test_changes_that_come_together_are_told_together(asked: Asked) -> None:
    for task_id in (2, 3, 2):
        publish.publish_change(task_id, 7)
    publish.publish_change(4, 8)

    (source,) = set(asked)
    assert told(source) == {
        f"asgi__group__{group}": {"type": "task.changed", "task_ids": ids}
        for group, ids in {
            "owner.7": [2, 3],
            "owner.8": [4],
            "task.2": [2],
            "task.3": [3],
            "task.4": [4],
        }.items()
    }
    assert told(source) == {}


def test_each_user_is_told_of_changed_access_once(asked: Asked) -> None:
    for user_id in (5, 6, 5):
        publish.publish_access(user_id)

    (source,) = set(asked)
    assert told(source) == {
        "asgi__group__access.5": {"type": "access.changed"},
        "asgi__group__access.6": {"type": "access.changed"},
    }
    assert told(source) == {}


def test_many_changes_of_accounts_are_one_message(asked: Asked) -> None:
    for _ in range(50):
        publish.publish_accounts_changed()

    (source,) = set(asked)
    assert told(source) == {CHANNEL: {"type": "accounts.changed"}}


@pytest.mark.parametrize(
    "tell",
    [
        lambda: publish.publish_change(1, 7),
        lambda: publish.publish_access(7),
        publish.publish_accounts_changed,
    ],
)
def test_a_later_change_is_told_anew(asked: Asked, tell: Callable[[], None]) -> None:
    tell()
    first = told(asked[-1])

    tell()

    assert first
    assert told(asked[-1]) == first
