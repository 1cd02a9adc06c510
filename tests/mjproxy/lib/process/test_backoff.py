from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjproxy.lib.process.backoff import LONGEST, delay


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (5000, 60)]
)
def test_it_doubles_up_to_a_minute(attempt: int, ceiling: float) -> None:
    seconds = delay(attempt, rng=random.Random(attempt))

    assert ceiling / 2 <= seconds <= ceiling


@given(st.integers(1, 10**6), st.integers())
def test_it_never_hurries_and_never_sleeps(attempt: int, seed: int) -> None:
    assert 0.5 <= delay(attempt, rng=random.Random(seed)) <= LONGEST


def test_two_processes_do_not_come_back_together() -> None:
    assert len({delay(5) for _ in range(20)}) > 1
