from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mjproxy.lib import ids
from mjproxy.lib.ids import first_task_id_of, moment_of_task_id, new_task_id


def test_an_id_tells_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_last", 0)  # other tests travel in time
    moment = datetime(2026, 11, 28, 10, 12, 30, 250_000, tzinfo=UTC)

    assert moment_of_task_id(first_task_id_of(moment) + 999) == moment
    assert abs(moment_of_task_id(new_task_id()) - datetime.now(tz=UTC)).seconds < 60


@pytest.mark.parametrize("number", [-1, 0, (1 << 63) - 1])
def test_a_number_that_is_no_id_has_some_moment(number: int) -> None:
    assert moment_of_task_id(number).tzinfo is UTC
