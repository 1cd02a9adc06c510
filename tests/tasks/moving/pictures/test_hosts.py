"""A host that fails rests for longer and longer, and is given up at last."""

from __future__ import annotations

import pytest

from tasks.moving import timing
from tasks.moving.pictures import hosts


def test_a_host_rests_after_a_failure() -> None:
    assert hosts.failed("a.example") is False

    assert hosts.resting() == ["a.example"]


def test_failures_at_the_same_time_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "HOST_RESTS", (60,))

    assert [hosts.failed("a.example") for _ in range(3)] == [False] * 3


def test_a_host_is_given_up_after_many_failures_in_a_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "HOST_RESTS", (0, 0))

    ends = [hosts.failed("a.example") for _ in range(3)]
    hosts.failed("b.example")
    hosts.works("b.example")
    others = [hosts.failed("b.example") for _ in range(2)]

    assert (ends, others) == ([False, False, True], [False, False])
    assert hosts.resting() == []
