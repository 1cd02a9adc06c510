"""An outage is two lines, whoever meets it; other errors stay as they are."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from typing import Any

import kombu.exceptions
import psycopg
import pytest
import redis
from celery.beat import SchedulingError
from django.db import OperationalError
from psycopg import errors

from mjproxy import outage_log
from mjproxy.db.connection_gate import Away
from mjproxy.outage_log import DATABASE, REDIS, Outage, OutageFilter, service_of


class Service:
    """Answers once it is told to."""

    def __init__(self) -> None:
        self.is_up = threading.Event()
        self.asked = threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        if not self.is_up.is_set():
            raise ConnectionRefusedError


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    found = Service()
    others = set(threading.enumerate())  # they look for services that stay away
    monkeypatch.setattr(outage_log, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(outage_log, "QUIET", 0.05)
    for name in (REDIS, DATABASE):
        monkeypatch.setitem(outage_log.OUTAGES, name, Outage(name, found))
    yield found
    found.is_up.set()
    for thread in set(threading.enumerate()) - others:
        if thread.name == "outage":
            thread.join(20)
            assert not thread.is_alive()


class Log:
    """A logger of its own, filtered as the product's console is."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        handler = logging.StreamHandler(self.text)
        handler.addFilter(OutageFilter())
        self.logger = logging.getLogger("tests.outages")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False  # to the product's own console
        self.logger.addHandler(handler)
        outage_log.logger.addHandler(handler)
        self.handler = handler

    @property
    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()


@pytest.fixture
def log(service: Service) -> Iterator[Log]:
    found = Log()
    yield found
    for logger in (found.logger, outage_log.logger):
        logger.removeHandler(found.handler)


def wrapped(kind: type[Exception], cause: Exception) -> Exception:
    """Return an error as its library raises it from another."""
    try:
        raise kind("wrapped") from cause
    except kind as exc:
        return exc


def broker_error() -> Exception:
    try:
        try:
            raise kombu.exceptions.OperationalError("no broker")
        except kombu.exceptions.OperationalError:
            raise SchedulingError("not sent")  # noqa: B904  # as Celery does
    except SchedulingError as exc:
        return exc


AWAY: dict[str, tuple[str, Exception]] = {
    "redis": (REDIS, redis.ConnectionError("refused")),
    "redis is slow": (REDIS, redis.TimeoutError("late")),
    "redis is loading": (REDIS, redis.BusyLoadingError("loading")),
    "kombu": (REDIS, kombu.exceptions.OperationalError("refused")),
    "beat": (REDIS, broker_error()),
    "postgres": (
        DATABASE,
        wrapped(OperationalError, psycopg.OperationalError("refused")),
    ),
    "postgres shuts down": (
        DATABASE,
        wrapped(OperationalError, errors.AdminShutdown("bye")),
    ),
    "what failed unasked": (DATABASE, Away("a moment ago")),
    "a closed connection": (DATABASE, psycopg.InterfaceError("closed")),
}
OTHERS: dict[str, Exception] = {
    "a defect": ZeroDivisionError(),
    "a slow statement": wrapped(OperationalError, errors.QueryCanceled("late")),
    "a deadlock": wrapped(OperationalError, errors.DeadlockDetected("dead")),
    "sqlite is busy": OperationalError("database is locked"),
    "a wrong command": redis.ResponseError("wrong"),
    "no file": FileNotFoundError("x"),
}


@pytest.mark.parametrize(("service_name", "error"), AWAY.values(), ids=AWAY)
def test_what_tells_of_an_outage(service_name: str, error: Exception) -> None:
    found = {service_of(each) for each in outage_log._chain(error)} - {""}

    assert found == {service_name}


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_other_errors_keep_their_traceback(log: Log, error: Exception) -> None:
    for _ in range(2):
        try:
            raise error
        except Exception:
            log.logger.exception("it broke")

    assert log.text.getvalue().count("Traceback") >= 2
    assert log.text.getvalue().count("it broke") == 2


def test_a_mistake_made_while_an_outage_is_handled_is_no_outage(log: Log) -> None:
    def handled() -> None:
        try:
            raise redis.ConnectionError("refused")
        except redis.ConnectionError:
            raise KeyError("a mistake")  # noqa: B904

    try:
        handled()
    except KeyError:
        log.logger.exception("it broke")

    assert "a mistake" in log.text.getvalue()


def test_an_outage_is_one_line_at_its_begin_and_one_at_its_end(
    log: Log, service: Service
) -> None:
    error = redis.ConnectionError("refused")
    for _ in range(500):
        log.logger.error("said in words: %s", error)
        log.logger.warning("said aside", extra={"error": error})
        try:
            raise error
        except redis.ConnectionError:
            log.logger.exception("said with a traceback")
    log.logger.info("something else")
    assert service.asked.wait(20)
    service.is_up.set()

    _until(lambda: len(log.lines) == 3)
    begin, other, end = log.lines
    assert begin.startswith("Redis does not answer (ConnectionError: refused)")
    assert other == "something else"
    assert end.startswith("Redis answers again")
    assert "1500 errors" in end


def test_the_next_outage_is_told_again(log: Log, service: Service) -> None:
    service.is_up.set()

    for number in (1, 2):
        log.logger.error("%s", redis.ConnectionError("refused"))
        _until(lambda number=number: len(log.lines) == 2 * number)


def test_requests_that_an_outage_fails_are_not_told_each(log: Log) -> None:
    failed = {"status_code": 503}
    log.logger.error("Service Unavailable: /mj", extra=failed)
    away: Any = psycopg.OperationalError("refused")
    log.logger.error("the database: %s", away)

    log.logger.error("Service Unavailable: /mj", extra=failed)

    assert len(log.lines) == 2


def _until(look: Any) -> None:
    tick = threading.Event()
    for _ in range(1000):
        if look():
            return
        tick.wait(0.02)
    raise AssertionError("not seen")
