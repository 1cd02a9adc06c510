"""A Redis of its own, and a process for each role."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import redis
from pytest_django.fixtures import Settings

from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import WINDOW, Life
from mjproxy.run.start import redis_server
from tests.e2e.calls import eventually
from tests.mjproxy.health.health_pages import ROLES, Clock, connected
from tests.mjproxy.lib.process.test_damaged_files import answers

PATIENCE = 30


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("redis")
    words = ["--port", "0", "--unixsocket", str(folder / "s"), "--save", ""]
    process = subprocess.Popen(
        [redis_server(), *words, "--dir", str(folder), "--loglevel", "warning"]
    )
    found = f"unix://{folder / 's'}"
    client = redis.Redis.from_url(found)
    eventually(lambda: answers(client), what="Redis answers")
    yield found
    process.terminate()
    process.wait(PATIENCE)


@pytest.fixture
def server(settings: Settings, url: str) -> Iterator[redis.Redis]:
    settings.REDIS_URL = url
    signs_of_life.client.cache_clear()
    redis.Redis.from_url(url).flushall()
    yield signs_of_life.client()
    signs_of_life.client.cache_clear()


@pytest.fixture
def clock(server: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(signs_of_life, "_now", found)
    return found


@pytest.fixture
def everybody(clock: Clock, db: None) -> dict[str, Life]:
    """A process for each role; all have lived for long."""
    connected()
    found = {role: Life(role) for role in ROLES}
    for each in found.values():
        each.begin()
    clock.now += WINDOW + 1
    for each in found.values():
        each._next = 0.0
        each.sign()
    return found
