"""Spread of work over accounts that all fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.choice.pool_settings import pool
from accounts.enums import ChoiceRule
from accounts.models import DiscordAccount, PoolSettings, User
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.exceptions import Refused
from tasks.models import Task
from tasks.submit.account import Wanted, choose
from tasks.submit.commands import submit_imagine
from tasks.submit.row import Caller
from tasks.submit.seat import take_chosen
from tests.factories import make_account, make_task

FAIR = [ChoiceRule.BEST_WAIT_IDLE, ChoiceRule.POLLING]
THREADS = 8


@contextmanager
def undone() -> Iterator[None]:
    """Leave no row behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    pool.forget()


def obey(rule: str) -> None:
    PoolSettings.objects.update_or_create(defaults={"rule": rule})


def give_one(owner: User) -> None:
    chosen = choose(TaskAction.IMAGINE, BotType.MID_JOURNEY, Wanted())
    take_chosen(chosen, TaskAction.IMAGINE)
    make_task(owner, account=chosen.account)


def given() -> list[int]:
    """Return how many tasks each account was given."""
    counts = Counter(Task.objects.values_list("account_id", flat=True))
    return [counts[pk] for pk in DiscordAccount.objects.values_list("pk", flat=True)]


@pytest.mark.django_db
@pytest.mark.parametrize("rule", FAIR)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@for_all(accounts=st.integers(1, 6), tasks=st.integers(1, 20), size=st.integers(1, 4))
def test_equal_accounts_are_given_the_same(
    alice: User, rule: str, accounts: int, tasks: int, size: int
) -> None:
    with undone():
        obey(rule)
        for _ in range(accounts):
            make_account(core_size=size, max_queue_size=0)

        for _ in range(tasks):
            give_one(alice)

        counts = given()
        assert sum(counts) == tasks
        assert max(counts) - min(counts) <= 1


@pytest.mark.django_db
def test_in_turn_means_in_the_same_order_again_and_again(alice: User) -> None:
    obey(ChoiceRule.POLLING)
    for _ in range(3):
        make_account()

    for _ in range(9):
        give_one(alice)
        Task.objects.update(status=TaskStatus.SUCCESS)  # load is not what decides

    tasks = Task.objects.order_by("id").values_list("account_id", flat=True)
    turns = list(tasks)
    assert len(set(turns[:3])) == 3
    assert turns == turns[:3] * 3


@pytest.mark.django_db
def test_an_account_that_comes_late_gets_no_more_than_its_turn(alice: User) -> None:
    obey(ChoiceRule.POLLING)
    make_account()
    for _ in range(5):
        give_one(alice)

    make_account()
    for _ in range(4):
        give_one(alice)

    assert given() == [7, 2]


@pytest.mark.django_db
@pytest.mark.parametrize("rule", ChoiceRule.values)
def test_a_choice_costs_one_query(
    rule: str,
    account: DiscordAccount,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    obey(rule)
    pool()  # is read once in a while

    with django_assert_num_queries(1):
        choose(
            TaskAction.BLEND,
            BotType.MID_JOURNEY,
            Wanted(modes=("FAST", "RELAX"), remix=False, remark=""),
        )


# --- at the same time -----------------------------------------------------------------


def race(owner: User, submits: int) -> list[str]:
    """Submit from many threads at once; return what became of each."""
    together = Barrier(THREADS)

    def submit(number: int) -> list[str]:
        together.wait(30)
        try:
            return [_said(owner, f"a fox {number} {n}") for n in range(submits)]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return [said for each in threads.map(submit, range(THREADS)) for said in each]


def _said(owner: User, prompt: str) -> str:
    try:
        submit_imagine(caller=Caller(owner), prompt=prompt)
    except Refused as refused:
        return str(refused.properties.get("reason", type(refused).__name__))
    return "given"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rule", ChoiceRule.values)
@pytest.mark.parametrize(
    ("limits", "refusal"),
    [({"max_queue_size": 3}, "QueueFull"), ({"day_draw_limit": 3}, "day_limit")],
)
def test_no_race_goes_beyond_a_limit(
    alice: User, rule: str, limits: dict[str, int], refusal: str
) -> None:
    obey(rule)
    for _ in range(2):
        make_account(**limits)

    said = Counter(race(alice, 2))

    assert said == {"given": 6, refusal: 2 * THREADS - 6}
    assert given() == [3, 3]


@pytest.mark.django_db(transaction=True)
def test_turns_are_fair_among_many_at_once(alice: User) -> None:
    obey(ChoiceRule.POLLING)
    for _ in range(4):
        make_account()

    said = race(alice, 3)

    assert set(said) == {"given"}
    assert given() == [6, 6, 6, 6]
    counted = DiscordAccount.objects.values_list("day_draw_count", flat=True)
    assert list(counted) == [6, 6, 6, 6]
