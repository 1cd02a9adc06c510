"""A MySQL that falls silent, is slow or was restarted, behind a relay."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest
from dj_database_url import DBConfig
from django.db import OperationalError

from mjproxy.db.connection_gate import REST
from mjproxy.db.database_url import database
from mjproxy.lib.db import time_limits
from tests.mjproxy.db.statements import as_default, ask
from tests.relay import Relay, relay_to

LIMIT: Final = 1.0
SLACK: Final = 3.0  # seconds that a loaded machine may add
given = urlsplit(os.environ.get("DATABASE_URL", ""))


is_here: Final = given.scheme in ("mysql", "mariadb") and given.hostname == "127.0.0.1"
pytestmark = [
    pytest.mark.skipif(not is_here, reason="no MySQL at a port here"),
    pytest.mark.django_db,
]


@pytest.fixture
def line() -> Iterator[Relay]:
    with relay_to(given.port or 3306) as relay:
        yield relay


@pytest.fixture(autouse=True)
def _little_patience(fresh_gate: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limits, "_bound", LIMIT)


@pytest.fixture
def config(line: Relay) -> DBConfig:
    who = given.netloc.rpartition("@")[0]
    place = given._replace(netloc=f"{who}@127.0.0.1:{line.port}", path="/mysql")
    return database(urlunsplit(place), Path())


def test_a_silent_connection_fails_in_time_and_the_next_works(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrapper = connect()
    line.fall_silent(new_too=False)

    began = time.monotonic()
    with pytest.raises(OperationalError):
        ask(wrapper)

    assert time.monotonic() - began < LIMIT + SLACK
    threading.Event().wait(REST)
    assert ask(wrapper) == 1


def test_silence_is_waited_for_once(connect: Callable[[], Any], line: Relay) -> None:
    wrappers = [connect() for _ in range(2)]
    line.fall_silent()
    for wrapper in wrappers:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            ask(wrapper)
        assert time.monotonic() - began < LIMIT + SLACK


def test_a_restart_of_the_server_costs_nothing(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrappers = [connect() for _ in range(4)]

    line.cut_present()

    assert [ask(wrapper) for wrapper in wrappers] == [1] * 4


def test_long_work_may_take_its_time(connect: Callable[[], Any]) -> None:
    wrapper = connect()

    with as_default(wrapper), time_limits.lifted():
        assert ask(wrapper, "SELECT SLEEP(2.5)") == 0
    with pytest.raises(OperationalError):
        ask(wrapper, "SELECT SLEEP(10)")


def test_the_server_ends_what_a_dead_line_has_left_open(
    connect: Callable[[], Any],
) -> None:
    assert ask(connect(), "SELECT @@SESSION.wait_timeout") == time_limits.IDLE_LINE
