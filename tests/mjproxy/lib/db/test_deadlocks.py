from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from accounts.models import DomainTag
from mjproxy.lib.db import deadlocks
from mjproxy.lib.db.deadlocks import TRIES, again_after_deadlock

DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")
ELSE = OperationalError(2006, "Server has gone away")


class Sqlstate(Exception):
    sqlstate = "40P01"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlocks, "_PAUSE", 0)


def failing_call(times: int, error: Exception = DEADLOCK) -> tuple[Any, list[int]]:
    calls: list[int] = []

    @again_after_deadlock
    def work(number: int) -> int:
        calls.append(number)
        if len(calls) <= times:
            raise error
        return number

    return work, calls


@pytest.mark.django_db(transaction=True)
def test_what_a_deadlock_has_undone_is_run_again() -> None:
    work, calls = failing_call(3)

    assert work(5) == 5
    assert calls == [5] * 4


@pytest.mark.django_db(transaction=True)
def test_postgres_says_it_in_another_way() -> None:
    error = OperationalError("deadlock detected")
    error.__cause__ = Sqlstate()
    work, calls = failing_call(1, error)

    assert work(5) == 5
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_it_is_given_up_after_some_tries() -> None:
    work, calls = failing_call(100)

    with pytest.raises(OperationalError):
        work(5)

    assert len(calls) == TRIES


@pytest.mark.django_db(transaction=True)
def test_other_errors_are_raised_at_once() -> None:
    work, calls = failing_call(100, ELSE)

    with pytest.raises(OperationalError):
        work(5)

    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_only_the_whole_is_run_again() -> None:
    work, calls = failing_call(1)
    outer_calls = []

    @again_after_deadlock
    def outer() -> int:
        outer_calls.append(1)
        with transaction.atomic():
            found: int = work(5)
        return found

    assert outer() == 5
    assert len(calls) == len(outer_calls) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="it has one writer")
def test_two_that_lock_each_other_both_end() -> None:
    first, second = (DomainTag.objects.create(name=name) for name in "ab")
    both_hold = threading.Barrier(2, timeout=20)
    ended = []

    @again_after_deadlock
    def rename(tags: list[DomainTag], tried: list[int]) -> None:
        with transaction.atomic():
            for tag in tags:
                DomainTag.objects.filter(pk=tag.pk).update(name=f"{tags[0].name}!")
                if not tried:  # once each: then both wait for the other's row
                    tried.append(1)
                    both_hold.wait()

    def run(tags: list[DomainTag]) -> None:
        rename(tags, [])
        ended.append(tags)
        close_old_connections()
        connection.close()

    threads = [
        threading.Thread(target=run, args=[tags])
        for tags in ([first, second], [second, first])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(ended) == 2
    assert set(DomainTag.objects.values_list("name", flat=True)) in ({"a!"}, {"b!"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="it has one writer")
def test_a_statement_that_stands_alone_is_run_again() -> None:
    tried = []

    def unlucky(execute: Any, *args: Any) -> Any:
        tried.append(1)
        if len(tried) < 3:
            raise DEADLOCK
        return execute(*args)

    DomainTag.objects.count()  # connects
    with connection.execute_wrapper(unlucky):
        assert DomainTag.objects.count() == 0

    assert len(tried) == 3
