"""The broker connection when Redis is killed."""

from pathlib import Path

import kombu
import pytest

from mjproxy.redis.broker import Connection
from tests.e2e.faulty import RedisServer


def test_a_connection_with_a_job_in_hand_closes_after_redis_was_killed(
    tmp_path: Path,
) -> None:
    server = RedisServer(tmp_path)
    connection = Connection(f"redis://127.0.0.1:{server.port}/0")
    received: list[object] = []
    with connection.SimpleQueue("jobs") as queue:
        queue.put("a job")
    # As in a worker: one channel for jobs, another for words of the operator.
    for place, name in ((connection, "jobs"), (connection.channel(), "words")):
        queues = [kombu.Queue(name)]
        kombu.Consumer(place, queues, on_message=received.append).consume()
    connection.drain_events(timeout=5)
    with pytest.raises(TimeoutError):  # it now waits for the next job
        connection.drain_events(timeout=0.1)
    server.kill()

    connection.collect()  # as Celery does when the connection is lost
    connection.close()

    assert received


def test_other_mistakes_at_the_close_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection("memory://")
    monkeypatch.delattr(connection.default_channel, "_consumers")

    with pytest.raises(AttributeError):
        connection.close()
