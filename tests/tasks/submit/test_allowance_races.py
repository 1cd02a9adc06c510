"""Limits of drawings hold for submits at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.limits import meter
from accounts.limits.meter import Drawn
from accounts.models import DiscordAccount, User
from tasks.enums import TaskStatus
from tasks.exceptions import Refused
from tasks.models import Task
from tasks.services import cancel
from tasks.submit.commands import submit_shorten
from tasks.submit.row import Caller
from tests.factories import make_account
from tests.tasks.submit.test_allowance import drawn, imagine, key_of, limit

pytestmark = [
    pytest.mark.usefixtures("names", "media"),
    pytest.mark.django_db(transaction=True),
]

THREADS = 16


def race(work: Callable[[int], object], times: int = 2) -> Counter[str]:
    """Do it in many threads at once; return what became of each."""
    together = Barrier(THREADS)

    def said(number: int) -> str:
        try:
            work(number)
        except Refused as refused:
            return type(refused).__name__
        return "done"

    def thread(number: int) -> list[str]:
        together.wait(30)
        try:
            return [said(number) for _ in range(times)]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return Counter(
            each for all_ in threads.map(thread, range(THREADS)) for each in all_
        )


def counted(user: User) -> int:
    return Task.objects.filter(owner=user, counted_on=timezone.localdate()).count()


@pytest.mark.parametrize(
    "name", ["drawings_a_day", "drawings_a_month", "drawings_in_total"]
)
def test_no_race_goes_beyond_a_number(alice: User, name: str) -> None:
    limit(alice, **{name: 7})
    for _ in range(3):
        make_account()

    said = race(lambda _: imagine(alice))

    assert said == {"done": 7, "DrawingsUsedUp": 2 * THREADS - 7}
    assert counted(alice) == 7
    assert drawn(alice) == Drawn(7, 7, 7)


def test_no_race_goes_beyond_the_number_of_a_key(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, drawings_a_day=20)
    key = key_of(alice, drawings_a_day=5)

    said = race(lambda n: imagine(alice, key if n % 2 else None), 3)

    by_key = Task.objects.filter(key=key).count()
    assert by_key == meter.drawn_with_key(key, timezone.localdate()).of_day == 5
    assert said["done"] == counted(alice) == drawn(alice).of_day == 20


def test_no_race_lets_more_wait(alice: User) -> None:
    limit(alice, waiting_at_once=5)
    for _ in range(3):
        make_account()

    def submit(number: int) -> None:
        if number % 2:
            submit_shorten(caller=Caller(alice), prompt="a red fox")
        else:
            imagine(alice)

    said = race(submit)

    assert said == {"done": 5, "ShareUsedUp": 2 * THREADS - 5}
    assert Task.objects.filter(status=TaskStatus.NOT_START).count() == 5
    assert drawn(alice).of_day == counted(alice)


def test_submits_and_cancels_at_once_leave_true_numbers(
    alice: User, account: DiscordAccount
) -> None:
    limit(alice, drawings_a_day=10)

    def work(number: int) -> None:
        task = imagine(alice).task
        if number % 2:
            cancel(task)

    race(work, 3)

    assert drawn(alice).of_day == counted(alice) <= 10
    assert drawn(alice).of_month == drawn(alice).in_total == counted(alice)
