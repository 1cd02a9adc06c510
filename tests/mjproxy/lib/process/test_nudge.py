"""Nudges on their way to Redis."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
import redis
from pytest_django.fixtures import Settings

from mjproxy.lib.process import nudge
from tests.e2e.calls import eventually
from tests.e2e.faulty import RedisServer
from tests.relay import Relay, relay_to

DEFAULT = nudge.key_of("default")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture
def relay(server: RedisServer) -> Iterator[Relay]:
    with relay_to(server.port) as found:
        yield found


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=server.port, decode_responses=True) as found:
        found.flushall()
        found.config_resetstat()
        yield found


@pytest.fixture
def connection(
    relay: Relay, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    settings.REDIS_URL = f"redis://127.0.0.1:{relay.port}/0"
    monkeypatch.setattr(nudge, "_away_until", 0.0)
    found = nudge.connection_to_redis(answers_within=0.5)
    yield found
    found.disconnect()


def calls(client: redis.Redis, command: str) -> int:
    stats: Any = client.info("commandstats")
    count: int = stats.get(f"cmdstat_{command}", {"calls": 0})["calls"]
    return count


def heard_of(listening: Any, count: int) -> list[tuple[str, str]]:
    """Return the next messages; None stands for the answer to a subscription."""
    found = [listening.get_message(timeout=20) for _ in range(count)]
    return [(each["channel"], each["data"]) for each in found if each]


def test_doubles_count_once_and_all_go_with_one_command(
    connection: Any, client: redis.Redis
) -> None:
    ids = range(500)

    assert nudge.send(
        connection, [("a.job", (1,)), ("a.job", tuple(ids)), ("b.job", (1,))]
    )

    waiting = client.zrange(DEFAULT, 0, -1)
    assert sorted(waiting) == sorted([*(f"a.job:{pk}" for pk in ids), "b.job:1"])
    assert calls(client, "zadd") == 1


def test_a_nudge_that_waits_keeps_its_place(
    connection: Any, client: redis.Redis
) -> None:
    client.zadd(DEFAULT, {"a.job:1": 1.0})

    nudge.send(connection, [("a.job", (2, 1))])

    assert client.zrange(DEFAULT, 0, -1) == ["a.job:1", "a.job:2"]


def test_a_job_with_a_queue_of_its_own_has_a_key_of_its_own(
    connection: Any, client: redis.Redis
) -> None:
    nudge.send(connection, [("gateway.dispatch_account", (1,)), ("a.job", (1,))])

    assert client.zrange(nudge.key_of("dispatch"), 0, -1) == [
        "gateway.dispatch_account:1"
    ]
    assert client.zrange(DEFAULT, 0, -1) == ["a.job:1"]


def test_redis_that_is_away_is_not_asked_at_once_again(
    connection: Any, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    relay.cut()

    with caplog.at_level(logging.WARNING):
        assert nudge.send(connection, [("a.job", (1,))]) is False
        asked = relay.accepted
        assert nudge.send(connection, [("a.job", (2,))]) is False

    assert relay.accepted == asked
    assert len(caplog.records) == 1
    assert isinstance(caplog.records[0].__dict__["error"], redis.ConnectionError)


@pytest.mark.parametrize("how", ["cut_present", "fall_silent"])
def test_a_dead_connection_is_replaced_and_the_nudge_is_not_lost(
    connection: Any, relay: Relay, client: redis.Redis, how: str
) -> None:
    nudge.send(connection, [("a.job", (1,))])
    if how == "cut_present":
        relay.cut_present()
    else:
        relay.fall_silent(new_too=False)

    assert nudge.send(connection, [("a.job", (2,))])

    assert client.zrange(DEFAULT, 0, -1) == ["a.job:1", "a.job:2"]


def test_a_nudge_is_sent_by_a_thread_of_this_process(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fork the number of the process is another one."""
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)

    nudge.connect()
    nudge.nudge("a.job", 7, 8)

    eventually(lambda: client.zcard(DEFAULT) == 2, what="both are sent")


def test_nudges_without_hurry_wait_for_the_next_with_hurry(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)
    monkeypatch.setattr(nudge, "GATHER", 60.0)
    nudge._hurry.clear()

    nudge.nudge("a.job", 1, hurry=False)
    nudge.nudge("a.job", 2, hurry=False)
    nudge.nudge("a.job", 3)

    eventually(lambda: client.zcard(DEFAULT) == 3, what="all are sent")
    assert calls(client, "zadd") == 1


def test_nudges_without_hurry_do_not_wait_for_ever(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)

    nudge.nudge("a.job", 1, hurry=False)

    eventually(lambda: client.zcard(DEFAULT) == 1, what="it is sent")


def test_messages_and_nudges_go_with_one_write(connection: Any, client: Any) -> None:
    with client.pubsub(ignore_subscribe_messages=True) as listening:
        listening.subscribe("a", "b")
        heard_of(listening, 2)  # the answers to the subscription

        assert nudge.send(
            connection, [("a.job", (1,))], [("a", b"\x00one"), ("b", b"two")]
        )

        assert heard_of(listening, 2) == [("a", "\x00one"), ("b", "two")]
    assert client.zrange(DEFAULT, 0, -1) == ["a.job:1"]


def test_a_refusal_of_one_command_does_not_confuse_the_next(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.set(DEFAULT, "no sorted set")

    assert not nudge.send(connection, [("a.job", (1,))], [("a", b"one")])
    client.delete(DEFAULT)
    monkeypatch.setattr(nudge, "_away_until", 0.0)

    assert nudge.send(connection, [("a.job", (2,))], [("a", b"two")])
    assert client.zrange(DEFAULT, 0, -1) == ["a.job:2"]


def test_a_source_is_asked_at_once_and_then_once_a_round(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)
    asked: SimpleQueue[str] = SimpleQueue()

    def source() -> list[nudge.Message]:
        asked.put("messages")
        return [("a", b".")]

    nudge.publish(source)
    assert asked.get(timeout=20) == "messages"
    monkeypatch.setattr(nudge, "ROUND", 3600.0)
    nudge.publish(source)
    assert asked.get(timeout=20) == "messages"  # the first round was a short one
    for _ in range(3):
        nudge.publish(source)
    nudge.nudge("a.job", 1)

    eventually(lambda: client.zcard(DEFAULT) == 1, what="the nudge does not wait")
    assert asked.empty()
    assert calls(client, "publish") == 2


def test_a_message_that_cannot_be_made_does_not_end_the_thread(
    connection: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)

    def broken() -> list[nudge.Message]:
        raise ValueError("no message")

    nudge.publish(broken)
    nudge.nudge("a.job", 1)

    eventually(lambda: client.zcard(DEFAULT) == 1, what="the nudge is sent")


def test_a_caller_neither_waits_nor_fails_without_redis(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(nudge, "_waiting", SimpleQueue())
    monkeypatch.setattr(nudge, "_sender_of", 1)
    monkeypatch.setattr(nudge, "send", lambda _, nudges, __: tried.put(nudges))
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    nudge.nudge("a.job", 7)

    assert tried.get(timeout=20) == [("a.job", (7,))]
