"""Drawings of lost accounts move by the rules of new ones."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from gateway import sweeping
from tasks.models import Task
from tests.factories import make_account
from tests.gateway.rows import again, make_waiting


@pytest.mark.parametrize(
    "fields",
    [
        {"is_fishing": True},
        {"day_draw_limit": 0},
        {"mode": "FAST"},
        {"is_vertical_domain": True},
        {"remark": "blue"},
    ],
)
def test_a_drawing_moves_only_where_it_could_have_been_submitted(
    alice: User, fields: dict[str, Any]
) -> None:
    lost = make_account(enabled=False)
    make_account(**({"remark": "red"} | fields))
    task = make_waiting(alice, lost, mode="RELAX", account_filter={"remark": "red"})

    sweeping.move_from_lost_accounts()
    assert again(task).account == lost

    fitting = make_account(remark="red")
    sweeping.move_from_lost_accounts()
    assert again(task).account == fitting
    fitting.refresh_from_db()
    assert fitting.day_draw_count == 1


def test_no_more_drawings_move_than_an_account_takes(alice: User) -> None:
    lost = make_account(enabled=False)
    for _ in range(3):
        make_waiting(alice, lost)
    other = make_account(max_queue_size=2)

    sweeping.move_from_lost_accounts()

    assert Task.objects.filter(account=other).count() == 2
    other.refresh_from_db()
    assert other.day_draw_count == 2
