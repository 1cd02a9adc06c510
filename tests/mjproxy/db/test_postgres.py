"""A PostgreSQL that falls silent, is slow or was restarted, behind a relay."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest
from dj_database_url import DBConfig
from django.db import OperationalError, transaction

from mjproxy.db.connection_gate import REST
from mjproxy.db.database_url import database
from mjproxy.lib.db import time_limits
from tests.e2e.faulty import postgres_server
from tests.mjproxy.db.statements import as_default, ask
from tests.relay import Relay, relay_to

LIMIT: Final = 0.5
SLACK: Final = 2.0  # seconds that a loaded machine may add
SERVER: Final = postgres_server()
pytestmark = [
    pytest.mark.skipif(not SERVER, reason="no PostgreSQL here"),
    pytest.mark.django_db,
]


@pytest.fixture
def line() -> Iterator[Relay]:
    parts = urlsplit(SERVER)
    with relay_to(parts.port or 5432, parts.hostname or "127.0.0.1") as relay:
        yield relay


@pytest.fixture(autouse=True)
def _little_patience(fresh_gate: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limits, "_bound", LIMIT)


@pytest.fixture
def config(line: Relay) -> DBConfig:
    parts = urlsplit(SERVER)
    who = parts.netloc.rpartition("@")[0]
    place = parts._replace(netloc=f"{who}@127.0.0.1:{line.port}", path="/postgres")
    return database(urlunsplit(place), Path())


def test_a_silent_connection_fails_in_time_and_the_next_works(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrapper = connect()
    line.fall_silent(new_too=False)

    began = time.monotonic()
    with pytest.raises(OperationalError, match="did not answer"):
        ask(wrapper)

    assert time.monotonic() - began < LIMIT + SLACK
    threading.Event().wait(REST)
    assert ask(wrapper) == 1


def test_of_one_silence_all_older_connections_are_replaced(
    connect: Callable[[], Any], line: Relay
) -> None:
    first, second = connect(), connect()
    line.fall_silent(new_too=False)
    with pytest.raises(OperationalError):
        ask(first)
    threading.Event().wait(REST)
    lines = line.accepted

    assert ask(first) == ask(second) == 1

    assert line.accepted == lines + 2


def test_while_it_is_silent_one_looks_and_the_others_fail_at_once(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrappers = [connect() for _ in range(4)]
    line.fall_silent()
    with pytest.raises(OperationalError):
        ask(wrappers[0])
    lines = line.accepted

    began = time.monotonic()
    for wrapper in wrappers * 5:
        with pytest.raises(OperationalError, match="a moment ago"):
            ask(wrapper)

    assert time.monotonic() - began < REST
    assert line.accepted == lines


def test_a_transaction_in_silence_is_over(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrapper = connect()

    def write() -> None:
        with transaction.atomic(), wrapper.cursor() as cursor:
            line.fall_silent(new_too=False)
            cursor.execute("SELECT 1")

    with pytest.raises(OperationalError), as_default(wrapper):
        write()

    assert not wrapper.in_atomic_block
    assert wrapper.connection is None or wrapper.connection.closed


def test_a_restart_of_the_server_costs_nothing(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrappers = [connect() for _ in range(8)]

    line.cut_present()
    threading.Event().wait(0.2)  # until their ends have come

    assert [ask(wrapper) for wrapper in wrappers] == [1] * 8


def test_a_slow_statement_ends_and_its_connection_stays(
    connect: Callable[[], Any], line: Relay
) -> None:
    wrapper = connect()
    lines = line.accepted

    with pytest.raises(OperationalError, match="statement timeout"):
        ask(wrapper, "SELECT pg_sleep(60)")

    assert ask(wrapper) == 1
    assert line.accepted == lines


def test_long_work_may_take_its_time(connect: Callable[[], Any]) -> None:
    wrapper = connect()

    with as_default(wrapper), time_limits.lifted():
        assert ask(wrapper, "SELECT 1 FROM pg_sleep(1)") == 1
        assert ask(wrapper, "SHOW statement_timeout") == "10min"

    assert ask(wrapper, "SHOW statement_timeout") == "500ms"


def test_the_server_ends_what_a_dead_line_has_left_open(
    connect: Callable[[], Any],
) -> None:
    found = ask(connect(), "SHOW idle_in_transaction_session_timeout")

    assert found == f"{time_limits.IDLE:g}s"


def test_commands_are_not_bound(
    connect: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limits, "_bound", None)

    assert ask(connect(), "SHOW statement_timeout") == "0"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-30 23:59:59.000001+00", datetime(2026, 11, 30, 23, 59, 59, 1, UTC)),
        ("2026-11-30 23:59:59.5+00", datetime(2026, 11, 30, 23, 59, 59, 500_000, UTC)),
        ("2026-12-01 08:00:00+08:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(
    connect: Callable[[], Any], written: str, read: datetime
) -> None:
    found = ask(connect(), f"SELECT timestamptz '{written}'")

    assert (found, found.tzinfo) == (read, UTC)


def test_a_session_in_another_zone_is_read_at_the_right_moment(
    connect: Callable[[], Any],
) -> None:
    wrapper = connect()
    ask(wrapper, "SELECT set_config('TimeZone', 'Asia/Kolkata', false)")

    found = ask(wrapper, "SELECT timestamptz '2026-11-30 00:00:00+00'")

    assert found == datetime(2026, 11, 30, tzinfo=UTC)
