"""Signs of life, and what /healthz and /readyz make of them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from queue import Empty
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway.models import GatewaySession
from mjproxy import alive, broker, readiness
from mjproxy.beat import Scheduler
from mjproxy.beat import app as beat_app
from mjproxy.celery import begin_life
from mjproxy.start import redis_server
from tasks import clock as tasks_clock
from tasks import life
from tasks.life import LATE, MOST_BROKEN, PARTS, STEADY, WINDOW, Life, State
from tests.conftest import ApiClient
from tests.e2e.calls import eventually
from tests.factories import make_account
from tests.mjproxy.test_damaged import answers

PATIENCE = 30
ROLES = [role for roles in PARTS.values() for role in roles]
ALL_WELL = dict.fromkeys(("database", "redis", "worker", "beat", "gateway"), "ok")
REST_WELL = dict.fromkeys(("writes", "tables", "accounts", "disk"), "ok")


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
    life.client.cache_clear()
    redis.Redis.from_url(url).flushall()
    yield life.client()
    life.client.cache_clear()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(server: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(life, "_now", found)
    return found


def connected(**facts: Any) -> GatewaySession:
    """Return the session of an account whose socket is open."""
    account = make_account()
    lease_until = timezone.now() + timedelta(hours=1)
    known = {"holder": "one", "session_id": "s", "is_live": True}
    known |= {"lease_until": lease_until, "revision": account.revision, **facts}
    return GatewaySession.objects.create(account=account, **known)


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


def healthz(stranger: ApiClient) -> dict[str, Any]:
    answer = stranger.get("/healthz")
    assert answer.status_code == 200  # requests can be answered all the same
    return dict(answer.json())


def readyz(stranger: ApiClient) -> tuple[int, dict[str, Any]]:
    answer = stranger.get("/readyz")
    return answer.status_code, answer.json()


def test_where_all_live_all_is_well(
    stranger: ApiClient, everybody: dict[str, Life]
) -> None:
    assert healthz(stranger) == {"status": "ok", **ALL_WELL}
    ready = {"status": "ready", **ALL_WELL, **REST_WELL, "reasons": []}
    assert readyz(stranger) == (200, ready)


def reason_of(part: str) -> str:
    article = {"worker": "no worker", "beat": "no beat", "gateway": "no gateway"}[part]
    return f"{article} has been seen for ten seconds"


@pytest.mark.parametrize("role", ROLES)
def test_a_dead_one_is_named(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock, role: str
) -> None:
    clock.now += LATE + 1
    for name, each in everybody.items():
        each._next = 0.0
        if name != role:
            each.sign()

    part = role.partition(".")[0]
    assert healthz(stranger) == {"status": "degraded", **ALL_WELL, part: "down"}
    status, words = readyz(stranger)
    assert (status, words["status"], words[part]) == (503, "not ready", "down")
    assert words["reasons"] == [reason_of(part)]


@pytest.mark.parametrize("role", ROLES)
def test_one_that_ends_as_it_should_is_down_at_once(
    stranger: ApiClient, everybody: dict[str, Life], role: str
) -> None:
    everybody[role].end()

    assert healthz(stranger)[role.partition(".")[0]] == "down"


def crash(role: str, clock: Clock, times: int) -> None:
    """Let a process live for a moment only, again and again."""
    for _ in range(times):
        clock.now += 5
        Life(role).begin()


@pytest.mark.parametrize("role", ROLES)
def test_one_that_breaks_again_and_again_is_named(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock, role: str
) -> None:
    clock.now += LATE
    crash(role, clock, MOST_BROKEN + 3)
    for name, each in everybody.items():
        each._next = 0.0
        if name != role:
            each.sign()

    part = role.partition(".")[0]
    assert healthz(stranger)[part] == "restarting"
    assert readyz(stranger)[0] == 503


def test_beside_one_that_lives_it_is_named_and_drawings_go_on(
    stranger: ApiClient, everybody: dict[str, Life], clock: Clock
) -> None:
    crash("gateway", clock, MOST_BROKEN + 3)
    for each in everybody.values():
        each._next = 0.0
        each.sign()

    assert healthz(stranger)["gateway"] == "restarting"
    assert readyz(stranger)[0] == 200


def test_a_restart_now_and_then_is_no_crash_loop(clock: Clock) -> None:
    for _ in range(10):
        one = Life("beat")
        one.begin()
        clock.now += WINDOW / 2
        one._next = 0.0
        one.sign()

    assert life.look("beat").state is State.OK


def test_many_that_start_together_are_no_crash_loop(clock: Clock) -> None:
    for _ in range(8):
        Life("gateway").begin()

    assert life.look("gateway") == life.Seen(State.OK, works=True)


def test_who_was_stopped_on_purpose_has_not_broken(clock: Clock) -> None:
    for _ in range(8):
        one = Life("gateway")
        one.begin()
        one.end()
    Life("gateway").begin()

    assert life.look("gateway").state is State.OK


def test_a_crash_loop_is_forgotten_when_it_is_over(clock: Clock) -> None:
    crash("beat", clock, 8)
    assert life.look("beat").state is State.RESTARTING

    one = Life("beat")
    one.begin()
    clock.now += WINDOW + STEADY
    one._next = 0.0
    one.sign()

    assert life.look("beat").state is State.OK


def test_without_redis_nobody_knows(
    stranger: ApiClient, server: redis.Redis, settings: Settings, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    life.client.cache_clear()
    one = Life("beat")
    one.begin()
    one.sign()
    one.end()  # none of it raises

    words = healthz(stranger)

    assert (words["status"], words["redis"]) == ("degraded", "down")
    assert {words[part] for part in PARTS} == {"unknown"}
    assert readyz(stranger)[0] == 503


def test_without_the_database_neither_is_well(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "database", lambda: "down")

    for path in ("/healthz", "/readyz"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_who_asks_again_and_again_does_not_fill_the_log(
    stranger: ApiClient,
    everybody: dict[str, Life],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(readiness, "database", lambda: "down")

    for path in ("/healthz", "/readyz"):
        assert stranger.get(path).status_code == 503

    assert caplog.records == []


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
    monkeypatch.setattr("tasks.clock.keep_looking", lambda: None)
    served = [SimpleNamespace(name=name) for name in queues]

    begin_life(SimpleNamespace(task_consumer=SimpleNamespace(queues=served)))

    assert life.look("worker").works is (len(queues) == 2)


def test_a_thread_signs_until_the_end(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "EVERY", 0.0)
    one = Life("beat")

    one.sign_for_ever(lambda: True)
    eventually(lambda: server.zcard("mjproxy:alive:beat"), what="it has signed")
    one.end()

    assert one._stopped.is_set()


def test_a_thread_does_not_sign_for_who_hears_nothing(
    server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "EVERY", 0.0)
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

    reading = broker.noting(read)
    for error in (None, Empty, redis.ConnectionError):
        monkeypatch.setattr(broker, "_heard_at", -broker.DEAF)
        with pytest.raises(error) if error else nullcontext():
            reading()
        assert broker.hears() is (error is not redis.ConnectionError)


def test_beats_looks_at_its_schedule_are_signs(
    server: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(
        app=beat_app, schedule_filename=str(tmp_path / "schedule"), lazy=True
    )
    monkeypatch.setattr(scheduler, "apply_entry", lambda *_, **__: None)
    scheduler.setup_schedule()
    assert beat_app.conf.beat_scheduler == "mjproxy.beat:Scheduler"
    server.delete("mjproxy:alive:beat")

    scheduler.tick()

    assert life.look("beat") == life.Seen(State.OK, works=True)
    scheduler.close()
    assert life.look("beat").state is State.DOWN


def wrong_clock(monkeypatch: pytest.MonkeyPatch, skew: float) -> None:
    monkeypatch.setattr(tasks_clock, "skew", lambda: skew)
    tasks_clock._seen.at = None
    tasks_clock.is_right()


def test_a_wrong_clock_of_this_machine_is_said_and_nothing_is_ready(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong_clock(monkeypatch, 9.0)

    said = f"{socket.gethostname()}: 9.0 s ahead of the database's"
    assert healthz(stranger) == {"status": "degraded", **ALL_WELL, "clock": said}
    status, words = readyz(stranger)
    assert (status, words["clock"]) == (503, said)
    assert words["reasons"] == [f"a clock is wrong: {said}"]

    wrong_clock(monkeypatch, 0.0)
    life.client().delete(tasks_clock._KEY)
    assert readyz(stranger)[0] == 200


def test_a_wrong_clock_of_another_machine_is_said_for_a_while(
    stranger: ApiClient, everybody: dict[str, Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: "another")
        wrong_clock(monkeypatch, -3.0)
    wrong_clock(monkeypatch, 0.0)

    status, words = readyz(stranger)
    assert words["clock"] == "another: 3.0 s behind the database's"
    assert status == 200  # others can draw

    now = tasks_clock._redis_time() + tasks_clock._KEPT + 1
    monkeypatch.setattr(tasks_clock, "_redis_time", lambda: now)
    assert "clock" not in healthz(stranger)


def test_who_must_not_work_gives_no_sign(
    everybody: dict[str, Life], clock: Clock
) -> None:
    clock.now += LATE + 1
    worker = everybody["worker.dispatch"]
    worker.works = lambda: False
    worker._next = 0.0
    worker.sign()

    assert life.look("worker").state is State.DOWN


@pytest.mark.parametrize(
    ("part", "word", "reason"),
    [
        ("writes", "read-only", "the database takes no writes: it is read-only"),
        ("writes", "full", "the database takes no writes: its disk is full"),
        ("tables", "missing", "the tables are older than the program"),
        ("accounts", "none", "no account is connected to Discord"),
        ("disk", "full", "the disk of the data folder is nearly full"),
    ],
)
def test_each_reason_why_nothing_is_drawn_is_told(
    stranger: ApiClient,
    everybody: dict[str, Life],
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    word: str,
    reason: str,
) -> None:
    monkeypatch.setattr(readiness, part, lambda: word)

    status, words = readyz(stranger)

    assert (status, words[part]) == (503, word)
    assert [said for said in words["reasons"] if reason in said]
    assert healthz(stranger)["status"] == "ok"  # requests are answered all the same


def test_a_redis_that_takes_no_writes_is_down(
    stranger: ApiClient, everybody: dict[str, Life], server: redis.Redis
) -> None:
    server.config_set("maxmemory", "1")
    try:
        status, words = readyz(stranger)
    finally:
        server.config_set("maxmemory", "0")

    assert (status, words["redis"], words["worker"]) == (503, "down", "ok")
    assert "takes no writes" in words["reasons"][0]
    assert readyz(stranger)[0] == 200


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
    monkeypatch.setattr(life, "_now", clock)
    clock.now += LATE + 1
    assert "has been seen" in alive.why_not(role)


def test_alive_says_what_it_cannot_find_out(
    server: redis.Redis, settings: Settings, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    life.client.cache_clear()

    assert "Redis does not answer" in alive.why_not("beat")
    assert "is none of" in alive.why_not("web")


def test_alive_is_a_command() -> None:
    words = [sys.executable, "-m", "mjproxy.alive", "nobody"]

    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert (done.returncode, "none of" in done.stderr) == (1, True)
