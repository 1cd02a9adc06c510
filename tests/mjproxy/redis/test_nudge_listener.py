"""The listener for nudges before a Redis that is emptied, killed or silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from pytest_django.fixtures import Settings

from mjproxy.celery import Nudges, app
from mjproxy.lib.db import clock
from mjproxy.lib.process import nudge, nudge_handlers
from mjproxy.lib.process.nudge_handlers import on_nudge
from mjproxy.lib.process.watchdog import Watch
from mjproxy.redis import nudge_listener, nudged_work
from mjproxy.redis.nudge_listener import LISTENER, Listener, Listeners
from mjproxy.redis.nudged_work import NudgedWork
from tests.e2e.calls import eventually
from tests.e2e.faulty import RedisServer
from tests.relay import Relay, relay_to

LIMIT = 20  # seconds
QUEUES = ["dispatch", "default"]
Start = Callable[..., Listeners]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("redis"))
    yield running
    running.kill()


@pytest.fixture
def relay(server: RedisServer, settings: Settings) -> Iterator[Relay]:
    with relay_to(server.port) as found:
        settings.REDIS_URL = f"redis://127.0.0.1:{found.port}/0"
        yield found


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=server.port, decode_responses=True) as found:
        found.flushall()
        yield found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    monkeypatch.setattr(nudged_work, "watch", found)
    monkeypatch.setattr(nudge_listener, "watch", found)
    return found


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[int]:
    """Ids of the rows that jobs were started for."""
    own: dict[str, Any] = {}
    monkeypatch.setattr(nudge_handlers, "handlers", own)
    monkeypatch.setattr(nudged_work, "handlers", own)
    monkeypatch.setattr(nudged_work, "at_end", [])
    found: SimpleQueue[int] = SimpleQueue()
    on_nudge("a.job")(found.put)
    on_nudge("gateway.dispatch_account")(found.put)
    return found


@pytest.fixture
def start(
    relay: Relay, watch: Watch, done: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Start listeners; they are quick to notice that Redis is silent."""
    monkeypatch.setattr(nudge_listener, "WAIT", 0.1)
    monkeypatch.setattr(nudge_listener, "AGAIN", 0.05)
    monkeypatch.setattr(nudge_listener, "PATIENCE", 0.5)
    monkeypatch.setattr(nudge_listener, "DEAF", 0.5)
    found: list[Listeners] = []

    def start(
        work: NudgedWork | None = None, queues: Sequence[str] = QUEUES
    ) -> Listeners:
        listener = Listeners(list(queues), work or NudgedWork(2))
        found.append(listener)
        listener.start()
        return listener

    yield start
    relay.heal()
    for listener in found:
        listener.stop()
        listener._work._pool.shutdown()


def add(client: redis.Redis, *ids: int, job: str = "a.job") -> None:
    queue = "dispatch" if job.startswith("gateway.dispatch") else "default"
    client.zadd(nudge.key_of(queue), {f"{job}:{pk}": pk for pk in ids})


def taken(done: SimpleQueue[int], count: int) -> list[int]:
    return sorted(done.get(timeout=LIMIT) for _ in range(count))


def heard(client: redis.Redis, done: SimpleQueue[int], pk: int) -> bool:
    """Nudge as the sweep does, until it is heard: a dead connection may take some."""

    def look() -> bool:
        add(client, pk)
        return not done.empty() and done.get() == pk

    return eventually(look, what="it is heard")


def test_it_hears_all_its_queues(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    listener = start()

    add(client, 1, job="gateway.dispatch_account")
    add(client, 2)

    assert taken(done, 2) == [1, 2]
    assert listener.hears()


def test_a_thousand_at_once_are_each_done_once(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    add(client, *range(1000))
    client.config_resetstat()

    start()

    assert taken(done, 1000) == list(range(1000))
    assert done.empty()
    stats: Any = client.info("commandstats")
    assert stats["cmdstat_bzmpop"]["calls"] < 30


def test_two_share_the_nudges(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    start()
    start()

    for pk in range(200):
        add(client, pk)

    assert taken(done, 200) == list(range(200))
    assert done.empty()


def test_a_worker_takes_only_what_it_has_room_for(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hold(pk: int) -> None:
        if pk == 1:
            began.set()
            assert go_on.wait(LIMIT)
        done.put(pk)

    @on_nudge("in.loop")
    async def in_loop(pk: int) -> None:
        done.put(pk)

    on_nudge("gateway.dispatch_account")(hold)
    busy = start(NudgedWork(1))
    add(client, 1, job="gateway.dispatch_account")
    assert began.wait(LIMIT)
    add(client, *range(2, 20), job="gateway.dispatch_account")
    add(client, 20, job="in.loop")  # the work of the other queue goes on
    assert taken(done, 1) == [20]
    heard_at = busy._each[0]._heard_at
    eventually(lambda: busy._each[0]._heard_at > heard_at, what="it asks Redis still")
    assert client.zcard(nudge.key_of("dispatch")) == 18

    start(NudgedWork(1))

    assert taken(done, 18) == list(range(2, 20))
    go_on.set()
    assert taken(done, 1) == [1]


def test_a_redis_before_version_7_serves_as_well(
    start: Start,
    client: redis.Redis,
    done: SimpleQueue[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = Listener._ask

    def older(self: Listener, name: str, *words: Any) -> Any:
        return ask(self, "NOT" + name if name == "BZMPOP" else name, *words)

    monkeypatch.setattr(Listener, "_ask", older)
    add(client, *range(300))

    listener = start()

    assert taken(done, 300) == list(range(300))
    add(client, 1, job="gateway.dispatch_account")
    assert taken(done, 1) == [1]
    assert listener.hears()


def test_an_emptied_redis_is_heard_on(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    start()
    assert heard(client, done, 1)

    client.flushall()

    assert heard(client, done, 2)


def test_a_silent_connection_is_replaced(
    start: Start, client: redis.Redis, done: SimpleQueue[int], relay: Relay
) -> None:
    start()
    assert heard(client, done, 1)

    relay.fall_silent(new_too=False)

    assert heard(client, done, 2)


def test_it_is_deaf_while_redis_is_silent_and_then_hears_again(
    start: Start,
    client: redis.Redis,
    done: SimpleQueue[int],
    relay: Relay,
    watch: Watch,
) -> None:
    listener = start()
    eventually(listener.hears, what="it hears")

    relay.fall_silent()
    eventually(lambda: not listener.hears(), what="it is deaf")
    watch._moved.clear()
    each = {f"{LISTENER} of {queue}" for queue in QUEUES}
    eventually(lambda: each <= watch._moved, what="they do not stand still")
    relay.heal()

    eventually(listener.hears, what="it hears again")
    assert heard(client, done, 2)


def test_an_outage_is_told_once(
    start: Start,
    server: RedisServer,
    done: SimpleQueue[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = start()
    eventually(listener.hears, what="it hears")
    with caplog.at_level(logging.WARNING):
        server.kill()
        eventually(lambda: not listener.hears(), what="it is deaf")
        told = len(caplog.records)
        server.start()
        eventually(listener.hears, what="it hears again")

    errors = [record.__dict__["error"] for record in caplog.records]
    assert 1 <= told <= len(errors) <= 3 * len(QUEUES)
    away = redis.ConnectionError, redis.TimeoutError
    assert [error for error in errors if not isinstance(error, away)] == []


def test_while_the_clock_is_wrong_nudges_stay_for_others(
    start: Start,
    client: redis.Redis,
    done: SimpleQueue[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "EVERY", 0.0)
    skews = [0.0]
    monkeypatch.setattr(clock, "skew", lambda: skews[0])
    listener = start()
    eventually(listener.hears, what="it hears")

    skews[0] = 9.0
    eventually(lambda: not listener.hears(), what="it stops to listen")
    add(client, 2)
    assert client.zcard(nudge.key_of("default")) == 1
    skews[0] = 0.0

    assert taken(done, 1) == [2]


def test_a_clock_that_is_set_during_the_wait_puts_the_nudge_back(
    start: Start, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(nudge_listener, "_clock_is_right", lambda: next(answers, False))
    add(client, 1)

    start(queues=["default"])

    eventually(lambda: next(answers, None) is None, what="both are asked")
    eventually(lambda: client.zcard(nudge.key_of("default")), what="it is put back")


def test_a_worker_that_ends_gives_back_what_it_has_not_begun(
    start: Start, client: redis.Redis, done: SimpleQueue[int]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hold(_: int) -> None:
        began.set()
        assert go_on.wait(LIMIT)

    on_nudge("hold")(hold)
    listener = start(NudgedWork(1))
    add(client, 1, job="hold")
    assert began.wait(LIMIT)
    add(client, 2, 3)
    eventually(lambda: not client.zcard(nudge.key_of("default")), what="all are taken")
    threading.Timer(0.2, go_on.set).start()

    listener.stop()
    add(client, 4)

    left = client.zrange(nudge.key_of("default"), 0, -1)
    assert sorted(left) == ["a.job:2", "a.job:3", "a.job:4"]
    assert done.empty()


def test_a_worker_listens_to_the_queues_that_it_serves(
    relay: Relay, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = SimpleNamespace(consume_from={"dispatch": None})
    amqp = SimpleNamespace(queues=queues)
    worker = SimpleNamespace(app=SimpleNamespace(amqp=amqp), concurrency=2)

    listener = Nudges.create(Nudges.__new__(Nudges), worker)

    assert [each._key for each in listener._each] == [nudge.key_of("dispatch")]
    assert worker.nudges is listener
    assert Nudges in app.steps["worker"]
