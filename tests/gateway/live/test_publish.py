from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gateway.live import publish
from gateway.nudges import CHANNEL

Told = SimpleQueue[tuple[str, dict[str, Any]]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    found: Told = SimpleQueue()

    async def to_channel(channel: str, message: dict[str, Any]) -> None:
        found.put((channel, message))

    monkeypatch.setattr(publish, "_to_channel", to_channel)
    return found


def test_many_changes_of_accounts_are_told_once(told: Told) -> None:
    for _ in range(50):
        publish.publish_accounts_changed()

    assert told.get(timeout=20) == (CHANNEL, {"type": "accounts.changed"})
    assert told.empty()


def test_a_change_after_that_is_told_again(told: Told) -> None:
    for _ in range(2):
        publish.publish_accounts_changed()
        told.get(timeout=20)

    assert told.empty()


def test_changes_that_come_together_are_told_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds: SimpleQueue[list[publish.Message]] = SimpleQueue()
    first, may_end = threading.Event(), threading.Event()

    async def to_groups(messages: list[publish.Message]) -> None:
        rounds.put(messages)
        first.set()
        await asyncio.to_thread(may_end.wait, 20)

    monkeypatch.setattr(publish, "_to_groups", to_groups)
    publish.publish_change(1, 7)
    assert first.wait(20)
    for task_id in (2, 3, 2):
        publish.publish_change(task_id, 7)
    publish.publish_change(4, 8)
    may_end.set()

    told = [dict(rounds.get(timeout=20)) for _ in range(2)]

    assert {group: m["task_ids"] for group, m in told[0].items()} == {
        "owner.7": [1],
        "task.1": [1],
    }
    assert {group: m["task_ids"] for group, m in told[1].items()} == {
        "owner.7": [2, 3],
        "owner.8": [4],
        "task.2": [2],
        "task.3": [3],
        "task.4": [4],
    }


def test_a_round_that_began_while_time_stood_still_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds: SimpleQueue[list[publish.Message]] = SimpleQueue()

    async def to_groups(messages: list[publish.Message]) -> None:
        rounds.put(messages)

    monkeypatch.setattr(publish, "_to_groups", to_groups)
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        for task_id in (1, 2):
            publish.publish_change(task_id, 7)
            assert dict(rounds.get(timeout=20))["owner.7"]["task_ids"] == [task_id]


async def test_what_cannot_be_sent_in_time_is_let_be(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Silent:
        async def group_send(self, *_: Any) -> None:
            await asyncio.Event().wait()

        send = group_send

    monkeypatch.setattr(publish, "LIMIT", 0.05)
    monkeypatch.setattr(publish, "channel_layers", {"default": Silent()})

    async with asyncio.timeout(20):
        await publish._in_time(publish._to_groups([("task.1", {}), ("owner.1", {})]))
        await publish._to_channel(CHANNEL, {})

    assert caplog.text.count("takes too long") == 2
