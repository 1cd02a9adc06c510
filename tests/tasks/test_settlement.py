"""Tests of settlement: a move and what it books are written together, or neither is."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.credits import ledger
from accounts.models import User
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance
from tests.factories import make_account, make_task


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "booking"),
    [(TaskStatus.FAILURE, "give_back"), (TaskStatus.SUCCESS, "settle")],
)
def test_a_move_whose_booking_fails_is_undone(
    alice: User, monkeypatch: pytest.MonkeyPatch, status: TaskStatus, booking: str
) -> None:
    started = {"status": TaskStatus.IN_PROGRESS, "price": 4}
    task = make_task(alice, account=make_account(), **started)

    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ledger, booking, broken)
    with pytest.raises(ZeroDivisionError):
        advance(task.pk, status, known=task)

    assert Task.objects.get().status == TaskStatus.IN_PROGRESS
