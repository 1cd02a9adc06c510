"""A machine whose clock is not the database's does no work, and says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import User
from mjproxy.celery import app
from mjproxy.lib.db import clock
from mjproxy.lib.db.clock import skew
from tasks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_account


class Server:
    """A database server with a clock of its own, and a way there that takes time."""

    vendor = "postgresql"

    def __init__(self, ahead: float, trip: float = 0.0) -> None:
        self.ahead, self.trip, self.now = ahead, trip, 1_000_000.0

    def time(self) -> float:
        return self.now

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        self.now += 50  # connecting may take long
        return self

    def __exit__(self, *_: object) -> None:
        self.now += 50

    def execute(self, _: str) -> None:
        self.now += self.trip / 2

    def fetchone(self) -> tuple[float]:
        there = self.now + self.ahead
        self.now += self.trip / 2
        return (there,)


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let our clock be ahead by so many seconds, from the next look on."""

    def be(seconds: float) -> None:
        monkeypatch.setattr(clock, "skew", lambda: seconds)
        clock._seen.at = None

    return be


@pytest.mark.parametrize(
    ("ahead", "trip", "found"),
    [
        (0.0, 0.0, 0.0),
        (0.0, 20.0, None),
        (1.9, 4.0, None),
        (0.0, 2.0, 0.0),
        (9.0, 0.0, -9.0),
        (-9.0, 0.0, 9.0),
        (-9.0, 2.0, 8.0),
        (9.0, 2.0, -8.0),
        (0.5, 1.0, 0.0),
    ],
)
def test_half_of_the_round_trip_is_tolerated(
    monkeypatch: pytest.MonkeyPatch, ahead: float, trip: float, found: float | None
) -> None:
    server = Server(ahead, trip)
    monkeypatch.setattr(clock, "connection", server)
    monkeypatch.setattr(time, "time", server.time)

    surely = skew()
    assert surely is found if found is None else surely == pytest.approx(found)


@pytest.mark.django_db
def test_the_databases_own_clock_is_asked(time_machine: Any) -> None:
    """Of SQLite none: its file is on this machine."""
    assert abs(skew() or 0.0) < 1
    moved = 9.0 if connection.vendor in clock._SQL else 0.0

    time_machine.move_to(time.time() + 9)
    assert skew() == pytest.approx(moved, abs=1)
    time_machine.move_to(time.time() - 18)
    assert skew() == pytest.approx(-moved, abs=1)


def test_it_is_said_once_and_again_when_it_is_right(
    wrong: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mjproxy.lib.db.clock")

    for seconds in (0.9, 9.04, 9.1, -0.5):
        wrong(seconds)
        clock.is_right()

    levels = [(r.levelname, r.getMessage().partition(":")[0]) for r in caplog.records]
    assert levels == [
        ("ERROR", "this machine's clock is 9.0 s ahead of the database's"),
        ("INFO", "this machine's clock is right again"),
    ]


@pytest.mark.parametrize(
    ("seconds", "right"), [(1.0, True), (1.01, False), (-1.0, True), (-1.01, False)]
)
def test_a_second_is_tolerated(
    wrong: Callable[[float], None], seconds: float, right: bool
) -> None:
    wrong(seconds)

    assert clock.is_right() is right


def test_the_database_is_asked_now_and_then_and_after_a_jump(
    monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    looks: list[float] = []

    def look() -> float:
        looks.append(time.time())
        return 0.0

    monkeypatch.setattr(clock, "skew", look)

    for _ in range(5):
        clock.is_right()
    assert len(looks) == 1

    time_machine.move_to(time.time() + 30)  # the clock was set
    for _ in range(5):
        clock.is_right()
    assert len(looks) == 2


def test_while_the_database_is_away_the_last_answer_holds(
    wrong: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(9.0)
    assert not clock.is_right()

    def away() -> float:
        raise OperationalError("away")

    monkeypatch.setattr(clock, "skew", away)
    clock._seen.at = None

    assert not clock.is_right()


def test_what_took_too_long_to_tell_changes_nothing(
    wrong: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(9.0)
    assert not clock.is_right()

    monkeypatch.setattr(clock, "skew", lambda: None)
    clock._seen.at = None

    assert not clock.is_right()


def test_a_job_is_left_undone(wrong: Callable[[float], None]) -> None:
    done: list[int] = []

    @app.task(name="tests.noting")
    def noting(number: int) -> None:
        done.append(number)

    noting(1)
    wrong(9.0)
    noting(2)
    noting.apply((3,))
    wrong(0.0)
    noting.apply((4,))

    assert done == [1, 4]


@pytest.mark.parametrize("path", ["imagine", "upload-discord-images"])
def test_a_submit_is_answered_with_503(
    api: ApiClient, wrong: Callable[[float], None], path: str
) -> None:
    make_account()
    body = {"prompt": "a red fox", "base64Array": []}
    wrong(-9.0)

    answer = api.send(f"/mj/submit/{path}", body)

    assert answer.status_code == 503
    said = answer.json()
    assert said["code"] == 9
    assert "服务器时钟不准" in said["description"]
    assert "9.0 s behind the database's" in said["properties"]["descriptionEn"]
    assert not Task.objects.exists()

    wrong(0.0)
    assert api.send("/mj/submit/imagine", body).json()["code"] == 1


def test_the_operators_first_page_says_it(
    operator: User, wrong: Callable[[float], None]
) -> None:
    page = Client()
    page.force_login(operator)
    assert "wrong-clock" not in page.get("/admin/").content.decode()

    wrong(9.0)

    shown = page.get("/admin/").content.decode()
    assert "wrong-clock" in shown
    assert "9.0 s ahead" in shown
