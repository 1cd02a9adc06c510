from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from typing import Any

import pytest
from channels.worker import Worker

from gateway.sockets.process import GatewayWorker
from mjproxy.lib.process import backoff
from mjproxy.lib.process.open_files import OPEN_FILES, allow_open_files

FILES = resource.RLIMIT_NOFILE


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit, while the soft one is as low as systems set it."""
    soft, hard = resource.getrlimit(FILES)
    if hard != resource.RLIM_INFINITY and hard <= 1024:
        pytest.skip("this system allows no more")
    resource.setrlimit(FILES, (1024, hard))
    yield hard
    resource.setrlimit(FILES, (soft, hard))


def test_a_gateway_may_hold_as_many_sockets_as_the_system_allows(hard: int) -> None:
    allow_open_files()

    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    assert resource.getrlimit(FILES) == (allowed, hard)


def test_a_higher_limit_stays(hard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mjproxy.lib.process.open_files.OPEN_FILES", 512)

    allow_open_files()

    assert resource.getrlimit(FILES) == (1024, hard)


async def test_without_redis_hints_are_asked_for_less_and_less(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []

    async def away(_: Worker) -> None:
        if len(attempts) == 6:
            raise asyncio.CancelledError
        raise ConnectionError

    def delay(attempt: int, **_: Any) -> float:
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(Worker, "handle", away)
    monkeypatch.setattr(backoff, "delay", delay)

    with pytest.raises(asyncio.CancelledError):
        await GatewayWorker(None, [], object())._hear()

    assert attempts == [1, 2, 3, 4, 5, 6]
    assert len(caplog.records) == 1
