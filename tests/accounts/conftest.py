"""A mail server and a Redis for the tests of this app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from pytest_django.fixtures import Settings

from accounts.protection import counters
from tests.e2e.faulty import RedisServer
from tests.mail_server import Mailbox, mail_server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture
def store(
    server: RedisServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[redis.Redis]:
    """Return the emptied Redis of counters and blocks."""
    settings.REDIS_URL = f"redis://127.0.0.1:{server.port}/0"
    monkeypatch.setattr(counters, "_rests_until", 0.0)
    with redis.Redis(port=server.port, decode_responses=True) as found:
        found.flushall()
        yield found
