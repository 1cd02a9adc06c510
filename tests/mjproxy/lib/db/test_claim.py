"""Claims: a moment in the row says from when it may be taken."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import F

from accounts.models import User
from mjproxy.lib.db.claim import claim, due, is_due, renew, renewing
from tasks.models import Task
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST = timedelta(seconds=8)
FIELD = "prepare_after"
MOMENTS = [
    pytest.param(None, True, id="never set"),
    pytest.param(NOW - timedelta(seconds=1), True, id="past"),
    pytest.param(NOW, True, id="this very moment"),
    pytest.param(NOW + timedelta(microseconds=1), False, id="to come"),
]


@pytest.fixture
def still() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def rows_of(task: Task) -> Any:
    return Task.objects.filter(pk=task.pk)


@pytest.mark.parametrize(("moment", "expected"), MOMENTS)
@pytest.mark.usefixtures("still")
def test_a_row_is_due_from_its_moment_on(
    alice: User, moment: datetime | None, expected: bool
) -> None:
    task = make_task(alice, prepare_after=moment)

    found = rows_of(task).filter(due(FIELD)).exists()

    assert found is expected
    assert is_due(moment) is expected


@pytest.mark.usefixtures("still")
def test_due_compares_with_the_moment_it_is_given(alice: User) -> None:
    task = make_task(alice, prepare_after=NOW)
    before = NOW - timedelta(seconds=1)

    assert not rows_of(task).filter(due(FIELD, before)).exists()
    assert not is_due(NOW, before)


def test_a_claim_keeps_others_out_until_it_has_run_out(alice: User, still: Any) -> None:
    task = make_task(alice)

    first = claim(rows_of(task), FIELD, LAST)
    second = claim(rows_of(task), FIELD, LAST)
    still.shift(LAST)
    third = claim(rows_of(task), FIELD, LAST)

    assert (first, second, third) == (1, 0, 1)
    assert rows_of(task).get().prepare_after == NOW + 2 * LAST


@pytest.mark.usefixtures("still")
def test_a_claim_writes_its_changes_along(alice: User) -> None:
    task = make_task(alice, attempts=2)

    claim(rows_of(task), FIELD, LAST, attempts=F("attempts") + 1)

    assert rows_of(task).get().attempts == 3


@pytest.mark.usefixtures("still")
def test_a_lost_claim_writes_nothing(alice: User) -> None:
    task = make_task(alice, attempts=2, prepare_after=NOW + LAST)

    claim(rows_of(task), FIELD, LAST, attempts=F("attempts") + 1)

    assert rows_of(task).get().attempts == 2


@pytest.mark.usefixtures("still")
def test_a_claim_takes_all_that_is_due(alice: User) -> None:
    tasks = [
        make_task(alice),
        make_task(alice),
        make_task(alice, prepare_after=NOW + LAST),
    ]

    taken = claim(Task.objects.filter(pk__in=[t.pk for t in tasks]), FIELD, LAST)

    assert taken == 2


def test_a_renewed_claim_lasts_from_now(alice: User, still: Any) -> None:
    task = make_task(alice)
    claim(rows_of(task), FIELD, LAST)
    still.shift(timedelta(seconds=5))

    renewed = renew(rows_of(task), FIELD, LAST)

    assert renewed
    assert rows_of(task).get().prepare_after == NOW + timedelta(seconds=5) + LAST


@pytest.mark.usefixtures("still")
def test_nothing_is_renewed_where_the_row_has_moved_on(alice: User) -> None:
    task = make_task(alice, prepared=True)

    renewed = renew(rows_of(task).filter(prepared=False), FIELD, LAST)

    assert not renewed
    assert rows_of(task).get().prepare_after is None


@pytest.mark.usefixtures("still")
def test_of_two_that_claim_at_once_one_has_the_row(alice: User) -> None:
    task, both = make_task(alice), Barrier(2)

    def take(_: int) -> int:
        try:
            both.wait()
            return claim(rows_of(task), FIELD, LAST)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(take, range(2)))

    assert sorted(taken) == [0, 1]


async def test_a_claim_is_renewed_until_the_block_is_left() -> None:
    renewed: list[int] = []
    twice = asyncio.Event()

    def note(pk: int) -> None:
        renewed.append(pk)
        if len(renewed) == 2:
            loop.call_soon_threadsafe(twice.set)

    loop = asyncio.get_running_loop()
    async with renewing(note, 7, every=0.001):
        await twice.wait()
    await asyncio.sleep(0)  # what is cancelled ends

    assert set(renewed) == {7}
    assert asyncio.all_tasks() == {asyncio.current_task()}
