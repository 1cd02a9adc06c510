"""Named people, their clients, and a guard against the network."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.core.cache import cache
from django.db import connections
from django.db.models.sql.compiler import SQLUpdateCompiler
from django.test import Client, TransactionTestCase
from pytest_django.fixtures import Settings

import mjproxy.urls  # noqa: F401 - the admin's pages, which tests look at when collected
from accounts import ports
from accounts.models import DiscordAccount, User
from accounts.people import last_use, wrong_keys
from accounts.people.keys import create_key
from mjproxy.health import background_check
from mjproxy.lib import faults
from mjproxy.lib.db import clock, snapshot, threads
from mjproxy.lib.process import nudge
from mjproxy.lib.safe_http import resolver
from tasks.webhooks import signing
from tests.empty_database import empty
from tests.factories import make_account, make_user
from tests.http_server import Server, always, serving
from tests.mjproxy.lib.safe_http.guarded_fetch import PNG
from tests.mysql_rules import checked_as_sql

# No test asserts a duration: slowness on a loaded machine is no failure.
hypothesis.settings.register_profile(
    "mjproxy",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("mjproxy")

PATIENCE = 20.0  # seconds after which a thread counts as stuck
LONGEST_NAME = 200  # characters of a value that stands in the name of its test
ALICES_KEY = "the-own-key-of-alice"
BOBS_KEY = "the-own-key-of-bob-1"
OPERATORS_KEY = "the-key-of-an-operator"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its length: workers send the names of tests to and fro."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_NAME:
        return f"{argname}{len(val)}"
    return None


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask the database, for `make services`.

    Those that start processes on the given database have the mark of their own.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or "db" in fixtures:
            item.add_marker("database")


def pytest_collection_finish() -> None:
    """Let the garbage collector never look again at what is loaded: it is much."""
    gc.collect()
    gc.freeze()


class ApiClient(Client):
    """A client that posts JSON and carries a key, or none."""

    def __init__(self, key: str = "", **kwargs: Any) -> None:
        headers = {"mj-api-secret": key} if key else {}
        super().__init__(headers=headers, **kwargs)

    def send(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        """POST `body` as JSON; bytes go out as they are."""
        kwargs.setdefault("content_type", "application/json")
        return self.post(path, {} if body is None else body, **kwargs)


@pytest.fixture(scope="session", autouse=True)
def _no_connection_is_left(django_db_setup: None) -> Iterator[None]:
    """Close connections of async code, so that the database can be dropped."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session", autouse=True)
def _committed_rows_go_quickly() -> Iterator[None]:
    """Replace Django's flush after tests with `transaction=True`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_nudge_is_sent() -> Iterator[None]:
    """Treat the thread that sends nudges as started: there is no Redis."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nudge, "_sender_of", os.getpid())
        yield


@pytest.fixture(scope="session", autouse=True)
def _loops_keep_the_true_time() -> Iterator[None]:
    """Let event loops not travel in time: a pause begun on a journey would not end.

    The loop of `mjproxy.lib.process.event_loop` outlives the test that travels.
    """
    with pytest.MonkeyPatch.context() as patch:
        # time-machine moves time.monotonic(), but not this clock.
        patch.setattr(asyncio.BaseEventLoop, "time", lambda _: time.perf_counter())
        yield


@pytest.fixture(autouse=True)
def _mysql_would_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLUpdateCompiler, "as_sql", checked_as_sql)


@pytest.fixture(autouse=True)
def _threads_have_come_to_rest() -> Iterator[None]:
    """Wait for work in the database threads, so that no flush collides with it."""
    yield
    if threads._pool._threads:
        meeting = threading.Barrier(threads.THREADS + 1)
        for _ in range(threads.THREADS):
            threads._pool.submit(meeting.wait, PATIENCE)
        meeting.wait(PATIENCE)


@pytest.fixture(autouse=True)
def _no_snapshot_is_kept() -> None:
    """Forget the rows of earlier tests: a rollback sends no signal."""
    snapshot.forget_all()


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings that were read in memory, so that queries can be counted."""
    monkeypatch.setattr(snapshot, "KEPT_FOR", 60.0)


@pytest.fixture(autouse=True)
def _nothing_is_cached() -> None:
    """Forget counted tries: all tests come from one address."""
    cache.clear()


@pytest.fixture(autouse=True)
def _no_secret_is_in_memory() -> None:
    """Forget the secrets of webhooks: users of different tests have the same ids."""
    signing.forget()


@pytest.fixture(autouse=True)
def _no_work_has_failed() -> None:
    """Forget counted errors: rows of different tests have the same ids."""
    faults.forget()


@pytest.fixture(autouse=True)
def _the_clock_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat the clock as right: tests travel in time, the server does not."""
    monkeypatch.setattr(clock, "skew", lambda: 0.0)
    monkeypatch.setattr(clock, "_seen", clock._Seen())


@pytest.fixture(autouse=True)
def _health_is_asked_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask health questions in the thread of the test, which sees its own rows."""
    monkeypatch.setattr(background_check, "spawn", lambda work: work())
    monkeypatch.setattr(background_check, "FRESH", 0.0)


@pytest.fixture(autouse=True)
def _wrong_keys_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not count wrong keys: all tests come from one address."""
    monkeypatch.setattr(wrong_keys, "MOST", 1_000_000)
    monkeypatch.setattr(wrong_keys, "_known", {})


@pytest.fixture(autouse=True)
def _uses_of_keys_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no row from another thread, while the test's transaction is open."""
    monkeypatch.setattr(last_use, "_later", lambda *_: None)
    monkeypatch.setattr(last_use, "_noted", {})


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
            raise AssertionError(f"a test reached for {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_name_server_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look names up at an unused address; those of /etc/hosts are known."""
    monkeypatch.setattr(resolver, "SERVERS", ("127.0.0.1:1",))


@pytest.fixture(autouse=True)
def _discord_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save accounts without the check at Discord, which has tests of its own."""
    monkeypatch.setattr(ports.account_check, "_answer", lambda *_: {})


@pytest.fixture
def alice(db: None) -> User:
    user = make_user("alice")
    create_key(user, key=ALICES_KEY)
    return user


@pytest.fixture
def bob(db: None) -> User:
    user = make_user("bob")
    create_key(user, key=BOBS_KEY)
    return user


@pytest.fixture
def operator(db: None) -> User:
    user = make_user("olga", is_staff=True)
    create_key(user, key=OPERATORS_KEY)
    return user


@pytest.fixture
def api(alice: User) -> ApiClient:
    return ApiClient(ALICES_KEY)


@pytest.fixture
def bob_api(bob: User) -> ApiClient:
    return ApiClient(BOBS_KEY)


@pytest.fixture
def operator_api(operator: User) -> ApiClient:
    return ApiClient(OPERATORS_KEY)


@pytest.fixture
def stranger(db: None) -> ApiClient:
    return ApiClient()


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which an operator is signed in who may do everything."""
    page = Client()
    page.force_login(make_user("olaf", is_staff=True, is_superuser=True))
    return page


@pytest.fixture
def account(db: None) -> DiscordAccount:
    return make_account()


@pytest.fixture
def utc(settings: Settings) -> None:
    settings.TIME_ZONE = "UTC"


@pytest.fixture
def private(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOOKS = True


@pytest.fixture
def png_server(private: None) -> Iterator[Server]:
    with serving(always(body=PNG, content_type="image/png")) as server:
        yield server
