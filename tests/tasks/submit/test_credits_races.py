"""Credits are exact for submits and ends at the same time."""

from __future__ import annotations

import pytest

from accounts.credits import ledger
from accounts.credits.checking import differences
from accounts.limits import meter
from accounts.models import Booking, User
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance, cancel, fail
from tests.factories import make_account
from tests.tasks.submit.test_allowance import imagine, key_of
from tests.tasks.submit.test_allowance_races import THREADS, race
from tests.tasks.submit.test_credits import costs, earn

pytestmark = [
    pytest.mark.usefixtures("names", "media"),
    pytest.mark.django_db(transaction=True),
]


def test_no_race_spends_more_than_there_is(alice: User) -> None:
    costs(3)
    earn(alice, 20)
    for _ in range(3):
        make_account()

    said = race(lambda _: imagine(alice))

    assert said == {"done": 6, "CreditsUsedUp": 2 * THREADS - 6}
    assert meter.balance(alice.pk) == 2
    assert Booking.objects.filter(kind="reserve").count() == 6
    assert list(differences()) == []


def test_submits_ends_and_top_ups_at_once_leave_a_true_balance(alice: User) -> None:
    costs(2)
    earn(alice, 10)
    key = key_of(alice, drawings_in_total=1000)
    for _ in range(3):
        make_account()

    def work(number: int) -> None:
        if number % 4 == 3:
            ledger.add(alice.pk, 1, by="olga", note="")
            return
        task = imagine(alice, key if number % 2 else None).task
        if number % 4 == 0:
            cancel(task)
        else:
            advance(task.pk, TaskStatus.SUBMITTED)
            advance(task.pk, TaskStatus.SUCCESS)

    race(work, 3)

    added = Booking.objects.filter(kind="add").count() - 1
    done = Task.objects.filter(status=TaskStatus.SUCCESS).count()
    assert added == 3 * THREADS // 4
    assert meter.balance(alice.pk) == 10 + added - 2 * done
    assert list(differences()) == []


def test_of_many_ends_of_a_task_one_is_booked(alice: User) -> None:
    costs(2)
    earn(alice, 2)
    make_account()
    task = imagine(alice).task
    advance(task.pk, TaskStatus.SUBMITTED)

    def end(number: int) -> None:
        if number % 2:
            fail(task.pk, "refused")
        else:
            advance(task.pk, TaskStatus.SUCCESS)

    race(end)

    task.refresh_from_db()
    failed = task.status == TaskStatus.FAILURE
    kinds = Booking.objects.filter(task=task.pk).order_by("pk")
    end_kind = "return" if failed else "settle"
    assert [row.kind for row in kinds] == ["reserve", end_kind]
    assert meter.balance(alice.pk) == (2 if failed else 0)
    assert list(differences()) == []
