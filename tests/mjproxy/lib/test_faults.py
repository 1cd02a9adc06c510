"""Errors that nobody foresaw: a few tries, one traceback, a reason."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from mjproxy.lib import faults
from mjproxy.lib.db.encrypted_field import UndecryptableSecret
from mjproxy.lib.faults import MOST, Work


@pytest.fixture
def given_up() -> list[tuple[int, str]]:
    return []


@pytest.fixture
def work(given_up: list[tuple[int, str]]) -> Work:
    return Work("drawing of task", 7, lambda pk, why: given_up.append((pk, why)))


@pytest.fixture
def _never_resting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "is_resting", lambda _: False)


def breaks(_: int) -> None:
    raise ZeroDivisionError("by zero, of course")


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.exc_info]


@pytest.mark.usefixtures("_never_resting")
def test_it_is_given_up_after_a_few_tries_with_a_reason(
    work: Work, given_up: list[tuple[int, str]]
) -> None:
    for _ in range(MOST):
        assert given_up == []
        faults.guard(work, breaks)

    ((pk, reason),) = given_up
    assert pk == 7
    assert "ZeroDivisionError" in reason
    assert "of course" not in reason  # an error's words may hold what is secret


@pytest.mark.usefixtures("_never_resting")
def test_the_log_has_one_error_with_a_traceback(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(MOST):
        faults.guard(work, breaks)

    assert tracebacks(caplog) == [
        "drawing of task 7: unforeseen error, it is tried again later"
    ]
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.ERROR] + [logging.WARNING] * (MOST - 1)


def test_it_rests_after_an_error(work: Work) -> None:
    tries: list[int] = []

    def breaks_again(pk: int) -> None:
        tries.append(pk)
        breaks(pk)

    faults.guard(work, breaks_again)
    faults.guard(work, breaks_again)

    assert tries == [7]
    assert faults.is_resting(work)


@pytest.mark.usefixtures("_never_resting")
def test_what_goes_well_starts_anew(
    work: Work, given_up: list[tuple[int, str]]
) -> None:
    for _ in range(MOST):
        faults.guard(work, breaks)
        given_up.clear()
        faults.guard(work, lambda _: None)

    faults.guard(work, breaks)

    assert given_up == []


@pytest.mark.usefixtures("_never_resting")
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_is_away_says_nothing_against_the_work(
    work: Work,
    given_up: list[tuple[int, str]],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def is_away(_: int) -> None:
        raise error

    for _ in range(2 * MOST):
        faults.guard(work, is_away)

    assert given_up == []
    assert tracebacks(caplog) == []


@pytest.mark.usefixtures("_never_resting")
def test_what_cannot_be_given_up_is_given_up_later(work: Work) -> None:
    ends: list[Any] = []

    def give_up(pk: int, _: str) -> None:
        ends.append(pk)
        if len(ends) == 1:
            raise OperationalError("away")

    stubborn = Work(work.name, work.pk, give_up)

    for _ in range(MOST + 1):
        faults.guard(stubborn, breaks)

    assert ends == [7, 7]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_never_resting")
def test_work_of_the_loop_is_counted_as_well(
    work: Work, given_up: list[tuple[int, str]]
) -> None:
    async def breaks_off(pk: int) -> None:
        breaks(pk)

    async def many() -> None:
        for _ in range(MOST):
            await faults.watch(work, breaks_off)

    asyncio.run(many())

    assert [pk for pk, _ in given_up] == [7]


@pytest.mark.django_db(transaction=True)
def test_what_is_claimed_does_not_rest(work: Work) -> None:
    tries: list[int] = []

    async def counts(pk: int) -> None:
        tries.append(pk)
        breaks(pk)

    async def twice() -> None:
        await faults.watch(work, counts, at_once=True)
        await faults.watch(work, counts, at_once=True)

    asyncio.run(twice())

    assert tries == [7, 7]


def test_a_step_that_breaks_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []

    for _ in range(5):
        faults.step(breaks, 1)
        faults.step(done.append, "next")

    assert done == ["next"] * 5
    assert len(tracebacks(caplog)) == 1


def test_a_secret_that_cannot_be_read_is_named() -> None:
    reason = faults.reason_of(UndecryptableSecret("user_token"))

    assert "user_token" in reason
    assert "enter it again" in reason
