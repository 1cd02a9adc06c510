"""Signs of life: who gives them, and when."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from queue import Empty
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from pytest_django.fixtures import Settings

from mjproxy.beat import Scheduler, app
from mjproxy.celery import begin_life
from mjproxy.health import alive
from mjproxy.lib.process import signs_of_life
from mjproxy.lib.process.signs_of_life import LATE, PARTS, Life, State
from mjproxy.redis import broker
from tests.e2e.calls import eventually
from tests.mjproxy.health.health_pages import (
    Clock,
)

PATIENCE = 30


def test_signs_are_given_every_few_seconds_however_often_asked(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bool] = []
    one = Life("beat")
    monkeypatch.setattr(one, "_write", lambda *, born: written.append(born))

    for _ in range(100):
        one.sign()

    assert written == [False]


# --- who gives them ------------------------------------------------------------------


@pytest.mark.parametrize("queues", [["dispatch", "default"], ["dispatch"]])
def test_a_worker_tells_which_queues_it_serves(
    server: redis.Redis, queues: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Life, "sign_for_ever", lambda *_: None)
    monkeypatch.setattr("mjproxy.lib.db.clock.keep_looking", lambda: None)
    served = [SimpleNamespace(name=name) for name in queues]

    begin_life(
        SimpleNamespace(
            task_consumer=SimpleNamespace(queues=served),
            controller=SimpleNamespace(nudges=None),
        )
    )

    assert signs_of_life.look("worker").works is (len(queues) == 2)


def test_a_thread_signs_until_the_end(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs_of_life, "EVERY", 0.0)
    one = Life("beat")

    one.sign_for_ever(lambda: True)
    eventually(lambda: server.zcard("mjproxy:alive:beat"), what="it has signed")
    one.end()

    assert one._stopped.is_set()


def test_a_thread_does_not_sign_for_who_hears_nothing(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs_of_life, "EVERY", 0.0)
    asked = threading.Event()
    one = Life("worker.default")

    def is_deaf() -> bool:
        asked.set()
        return False

    one.sign_for_ever(is_deaf)
    assert asked.wait(PATIENCE)
    one.end()

    assert not server.zcard("mjproxy:alive:worker.default")


def test_a_worker_hears_while_redis_answers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [True, Empty(), redis.ConnectionError()]

    def read() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reading = broker.with_answer_time(read)
    for error in (None, Empty, redis.ConnectionError):
        monkeypatch.setattr(broker, "_heard_at", -broker.DEAF)
        with pytest.raises(error) if error else nullcontext():
            reading()
        assert broker.is_consuming() is (error is not redis.ConnectionError)


def test_beats_looks_at_its_schedule_are_signs(
    server: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(
        app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True
    )
    monkeypatch.setattr(scheduler, "apply_entry", lambda *_, **__: None)
    scheduler.setup_schedule()
    assert app.conf.beat_scheduler == "mjproxy.beat:Scheduler"
    server.delete("mjproxy:alive:beat")

    scheduler.tick()

    assert signs_of_life.look("beat") == signs_of_life.Seen(State.OK, works=True)
    scheduler.close()
    assert signs_of_life.look("beat").state is State.DOWN


def test_who_must_not_work_gives_no_sign(
    everybody: dict[str, Life], clock: Clock
) -> None:
    clock.now += LATE + 1
    worker = everybody["worker.dispatch"]
    worker.works = lambda: False
    worker._next = 0.0
    worker.sign()

    assert signs_of_life.look("worker").state is State.DOWN


@pytest.mark.parametrize("role", PARTS)
def test_a_role_is_alive_where_a_process_of_this_machine_has_signed(
    clock: Clock, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "has been seen" in alive.why_not(role)
    one = Life(PARTS[role][0])
    one.begin()
    assert alive.why_not(role) == ""

    monkeypatch.setattr("socket.gethostname", lambda: "another-machine")
    assert "has been seen" in alive.why_not(role)
    monkeypatch.undo()
    monkeypatch.setattr(signs_of_life, "_now", clock)
    clock.now += LATE + 1
    assert "has been seen" in alive.why_not(role)


def test_alive_says_what_it_cannot_find_out(
    server: redis.Redis, settings: Settings, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    signs_of_life.client.cache_clear()

    assert "Redis does not answer" in alive.why_not("beat")
    assert "is none of" in alive.why_not("web")


def test_alive_is_a_command() -> None:
    words = [sys.executable, "-m", "mjproxy.health.alive", "nobody"]

    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert (done.returncode, "none of" in done.stderr) == (1, True)
